using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers with a state of its own.</summary>
    public sealed class Generator : IDisposable
    {
        public Generator(ulong seed = 0, Device? device = null)
            : this(Native.generator_new((device ?? CPU).Code, (long)seed), device ?? CPU) { }

        private Generator(IntPtr handle, Device device)
        {
            Handle = handle != 0 ? handle : throw Native.LastError();
            this.device = device;
        }

        ~Generator() => Release();

        /// <summary>The CPU's generator that operators use when they are given none.</summary>
        public static Generator Default => DefaultOf(CPU);

        public IntPtr Handle { get; private set; }

        public Device device { get; }

        internal static Generator DefaultOf(Device device) => new(Native.generator_default(device.Code), device);

        public Tensor get_state()
        {
            var state = Native.generator_state(Handle);
            return state != 0 ? new Tensor(state) : throw Native.LastError();
        }

        public void set_state(Tensor value) => Native.Check(Native.generator_set_state(Handle, value.Handle));

        public Generator manual_seed(long seed)
        {
            Native.Check(Native.generator_set_seed(Handle, seed));
            return this;
        }

        /// <summary>Seeds the generator from the system and says with what.</summary>
        public long seed() => Native.generator_random_seed(Handle);

        public long initial_seed() => Native.generator_current_seed(Handle);

        public void Dispose()
        {
            Release();
            GC.SuppressFinalize(this);
        }

        private void Release()
        {
            if (Handle == 0)
                return;
            Native.generator_release(Handle);
            Handle = 0;
        }
    }

    /// <summary>The default generators.</summary>
    public static partial class random
    {
        public static long seed() => Generator.Default.seed();

        public static long initial_seed() => Generator.Default.initial_seed();

        /// <summary>Seeds the CPU's and every GPU's default generator.</summary>
        public static Generator manual_seed(long seed)
        {
            Native.Check(Native.torch_manual_seed(seed));
            return Generator.Default;
        }

        /// <summary>The CPU generator's state, as bytes.</summary>
        public static Tensor get_rng_state() => Generator.Default.get_state();

        public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);
    }

    public static long seed() => random.seed();

    public static long initial_seed() => random.initial_seed();

    public static Generator manual_seed(long seed) => random.manual_seed(seed);

    public static Tensor get_rng_state() => random.get_rng_state();

    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);
}
