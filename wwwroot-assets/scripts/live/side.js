// The prompt of a group: picture, label, sample, text, and how its rewards are spread.
import { element, emotion, svg, write } from "./dom.js";

const [left, right, floor, pitch] = [8, 200, 16, 8];

export class Side {
  constructor(parts, links) {
    this.parts = parts;
    this.links = links;
  }

  paint(group, step) {
    const { parts } = this;
    this.picture(parts.picture, group);
    parts.label.className = `strong ${emotion(group.label)}`;
    write(parts.label, group.label);
    this.sample(parts.sample, group);
    write(parts.prompt, group.prompt);
    const rewards = group.completions.map((completion) => completion.reward).filter(Number.isFinite);
    const done = group.completions.filter((completion) => completion.end !== null).length;
    write(parts.done, step.isScored ? "group reward" : `${done} of ${group.completions.length} sampled`);
    write(parts.reward, rewards.length > 0 ? spread(rewards) : "waits");
    const key = rewards.join();
    if (this.dotted === key) return;
    this.dotted = key;
    parts.dots.replaceChildren(...dots(rewards));
  }

  /** Its name, which leads to it where the store holds it. */
  sample(place, group) {
    const address = this.links.of(group);
    const link = place.querySelector("a");
    if (link?.getAttribute("href") === address && link.textContent === group.sample) return;
    if (!address) return write(place, group.sample);
    const made = element("a", "link", group.sample);
    made.href = address;
    made.setAttribute("aria-keyshortcuts", "O");
    place.replaceChildren(made);
  }

  picture(image, group) {
    const address = `/api/v1/datasets/images/${encodeURIComponent(group.image)}/thumbnail?size=400`;
    if (image.getAttribute("src") === address) return;
    image.onerror = () => (image.hidden = true); // it was deleted with its data set
    image.classList.add("coming"); // the old one must not stand beside the new label
    image.onload = () => image.classList.remove("coming");
    image.src = address;
    image.alt = `Picture of sample ${group.sample}`;
    image.hidden = false;
  }
}

function spread(rewards) {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / Math.max(rewards.length - 1, 1);
  return `${mean.toFixed(2)} ± ${Math.sqrt(variance).toFixed(2)}`;
}

/** One dot for each completion over a scale of rewards; those of the same reward stand on each other. */
function dots(rewards) {
  const line = svg("path", { d: `M${left} ${floor + 4.5}h${right - left}`, class: "scale" });
  if (rewards.length === 0) return [line];
  const [least, most] = [Math.min(0, ...rewards), Math.max(1, ...rewards)];
  const place = (reward) => left + ((reward - least) / (most - least)) * (right - left);
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const stacks = new Map();
  const circles = rewards.map((reward) => {
    const at = Math.round(place(reward));
    const under = stacks.get(at) ?? 0;
    stacks.set(at, under + 1);
    const side = reward > mean + 1e-9 ? "positive" : reward < mean - 1e-9 ? "negative" : "";
    return svg("circle", { cx: at, cy: floor - Math.min(under, 3) * pitch * 0.75, r: 3, class: side });
  });
  const texts = [...new Set([least, (least + most) / 2, most])].map((reward) => {
    const text = svg("text", { x: place(reward), y: 30 });
    text.append(String(Number(reward.toFixed(2))));
    return text;
  });
  return [line, ...texts, ...circles];
}
