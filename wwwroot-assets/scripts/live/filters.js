// Which completions are shown. What is not known yet, such as the reward of one that is being sampled, hides nothing.
import { isFlat, isWrong } from "./step.js";

export class Filters {
  constructor(parts) {
    this.parts = parts;
  }

  /** Reads the controls. */
  read() {
    const number = (part) => this.parts[part].valueAsNumber;
    const pressed = (part) => this.parts[part].getAttribute("aria-pressed") === "true";
    this.reward = [number("least-reward"), number("most-reward")];
    this.length = [number("least-length"), number("most-length")];
    this.label = this.parts["only-label"].value;
    this.truncated = pressed("truncated");
    this.wrong = pressed("wrong");
    this.flat = pressed("flat");
    this.search = this.parts.search.value.trim().toLowerCase();
    this.isActive =
      [...this.reward, ...this.length].some(Number.isFinite) || this.label !== "" || this.truncated || this.wrong || this.flat || this.search !== "";
    return this;
  }

  passesGroup(group) {
    if (this.label && group.label !== this.label) return false;
    return !this.flat || isFlat(group) !== false;
  }

  passes(completion, group) {
    if (!this.passesGroup(group)) return false;
    if (this.truncated && completion.end !== "length") return false;
    if (this.wrong && isWrong(completion, group.label) === false) return false;
    if (completion.reward !== null && !within(completion.reward, this.reward)) return false;
    if (!within(completion.length, this.length)) return false;
    return this.search === "" || completion.text.toLowerCase().includes(this.search);
  }

  /** Groups of a step with a completion that passes. */
  groups(step) {
    const all = [...step.groups.values()];
    return this.isActive ? all.filter((group) => group.completions.some((completion) => this.passes(completion, group))) : all;
  }

  clear() {
    for (const part of ["least-reward", "most-reward", "least-length", "most-length", "only-label", "search"]) this.parts[part].value = "";
    for (const part of ["truncated", "wrong", "flat"]) this.parts[part].setAttribute("aria-pressed", "false");
  }
}

// A bound that is not given is NaN, and nothing is less or more than it.
const within = (value, [least, most]) => !(value < least) && !(value > most);
