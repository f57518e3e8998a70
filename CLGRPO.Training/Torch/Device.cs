namespace TorchSharp;

/// <summary>The kinds of device, numbered as in libtorch.</summary>
public enum DeviceType
{
    CPU = 0,
    CUDA = 1,
    MKLDNN = 2,
    OPENGL = 3,
    OPENCL = 4,
    IDEEP = 5,
    HIP = 6,
    FPGA = 7,
    MSNPU = 8,
    XLA = 9,
    MPS = 13,
    META = 14,
}

public static partial class torch
{
    /// <summary>Where a tensor lies: a kind of device and, where there are several, which.</summary>
    public class Device
    {
        /// <param name="description">"cpu", "cuda" or "cuda:1".</param>
        public Device(string description)
        {
            var parts = description.Split(':');
            type = Parse(parts[0]);
            if (parts.Length > 1)
                index = int.Parse(parts[1]);
        }

        public Device(string deviceType, int index = -1)
        {
            type = Parse(deviceType);
            this.index = index;
        }

        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index;
        }

        /// <summary>The CUDA device of this index.</summary>
        public Device(int index)
        {
            type = DeviceType.CUDA;
            this.index = index;
        }

        internal Device(long code)
            : this((DeviceType)(code & 0xff), (int)(code >> 8)) { }

        public DeviceType type { get; }

        /// <summary>-1 means the current device of its kind.</summary>
        public int index { get; } = -1;

        /// <summary>As it crosses the C ABI: (index &lt;&lt; 8) | type.</summary>
        internal long Code => ((long)index << 8) | (uint)type;

        private static DeviceType Parse(string name) => Enum.Parse<DeviceType>(name, ignoreCase: true);

        public override string ToString()
        {
            var name = type.ToString().ToLowerInvariant();
            return type == DeviceType.CPU || index == -1 ? name : $"{name}:{index}";
        }

        public static implicit operator Device(string description) => new(description);
    }

    public static readonly Device CPU = new(DeviceType.CPU);

    public static readonly Device META = new(DeviceType.META);

    public static Device CUDA { get; } = new(DeviceType.CUDA);

    public static Device device(string description) => new(description);

    public static Device device(string deviceType, int index = -1) => new(deviceType, index);

    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    public static Device device(int index) => new(DeviceType.CUDA, index);
}
