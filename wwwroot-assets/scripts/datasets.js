// The data sets' pages: how many columns fit, keys, and uploads that go on where they were cut off.

const isTyping = (target) => target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]") !== null;

/** Follows the single keys that elements with data-key name: links are followed, fields get the focus. */
export function keys() {
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const target = [...document.querySelectorAll("[data-key]")].find((item) => item.dataset.key === event.key.toLowerCase());
    if (!target || target.ariaDisabled === "true") return;
    event.preventDefault();
    if (target.matches("a, button")) target.click();
    else target.focus();
  };
  document.addEventListener("keydown", press);
  document.documentElement.dataset.keys = "on";
  return {
    end() {
      document.removeEventListener("keydown", press);
      delete document.documentElement.dataset.keys;
    },
  };
}

/** Tells the page how many columns of at least `least` pixels fit into the grid, and Escape. */
export function watch(place, grid, page, least) {
  const gap = 8;
  const pressed = keys();
  const measure = () => {
    const width = grid.clientWidth;
    if (width === 0) return;
    const narrow = width < 480;
    page.invokeMethodAsync("SetColumns", narrow ? 3 : Math.max(2, Math.floor((width + gap) / (least + gap))));
  };
  const observer = new ResizeObserver(measure);
  observer.observe(grid);
  const escape = (event) => {
    if (event.key === "Escape" && !isTyping(event.target)) page.invokeMethodAsync("ClearSelection");
  };
  document.addEventListener("keydown", escape);
  return {
    resize(width) {
      least = width;
      measure();
    },
    end() {
      observer.disconnect();
      pressed.end();
      document.removeEventListener("keydown", escape);
    },
  };
}
