// What works without a circuit: theme, drawer, copying, and the reconnection dialog.
const root = document.documentElement;

const actions = {
  theme() {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    document.dispatchEvent(new Event("themechange")); // charts read the tokens anew
  },
  "open-drawer"() {
    root.classList.add("drawer-open");
    document.querySelector(".nav a")?.focus();
  },
  "close-drawer"() {
    root.classList.remove("drawer-open");
  },
  async copy(button) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent.trim());
    const label = button.querySelector("[data-label]");
    const before = label.textContent;
    label.textContent = "Copied";
    setTimeout(() => (label.textContent = before), 2000);
  },
  async reconnect() {
    // false: the server does not know the circuit any more, so the page starts anew.
    if (!(await Blazor.reconnect())) location.reload();
  },
  reload() {
    location.reload();
  },
};

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-action]");
  if (target) actions[target.dataset.action]?.(target);
  else if (event.target.closest(".nav a")) actions["close-drawer"]();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && root.classList.contains("drawer-open")) {
    actions["close-drawer"]();
    document.querySelector("[data-action=open-drawer]")?.focus();
  }
});

// A server that restarted rejects the circuit: nothing is left to wait for.
const dialog = document.getElementById("components-reconnect-modal");
if (dialog) {
  new MutationObserver(() => {
    if (dialog.classList.contains("components-reconnect-rejected")) location.reload();
  }).observe(dialog, { attributeFilter: ["class"] });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && dialog.classList.contains("components-reconnect-failed")) actions.reconnect();
  });
}
