/** Exponential moving average that starts unbiased; gaps stay gaps. */
export function smooth(values, weight) {
  let sum = 0;
  let total = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return sum / total;
  });
}

/** The value of a line at a place between its steps. */
export function at(steps, values, step) {
  let [low, high] = [0, steps.length - 1];
  if (high < 0 || step < steps[0] || step > steps[high]) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle;
    else high = middle;
  }
  if (values[low] === null || values[high] === null) return null;
  const share = high === low ? 0 : (step - steps[low]) / (steps[high] - steps[low]);
  return values[low] + share * (values[high] - values[low]);
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** A number in few characters. */
export function word(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 100000) return short.format(value);
  if (size >= 1000) return whole.format(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** The last value that is one, at a place or before it. */
export function lastValue(values, from = values.length - 1) {
  for (let i = from; i >= 0; i--) if (values[i] !== null && values[i] !== undefined) return values[i];
  return null;
}
