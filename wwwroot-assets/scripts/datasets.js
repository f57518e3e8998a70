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

const partBytes = 8 << 20;
const tries = 6;

/** Sends the chosen file in parts, each with its hash; after a break it goes on where the server says it is. */
export async function upload(form, api) {
  const file = form.querySelector("[data-file]")?.files[0];
  if (!file) return { id: null, fault: "Choose a zip archive first, or a source on the server." };
  const progress = form.parentElement.querySelector("[data-progress]");
  const status = progress.querySelector("[data-status]");
  const show = (offset, text) => {
    progress.hidden = false;
    progress.querySelector("i").style.width = `${(100 * offset) / file.size}%`;
    status.textContent = text ?? `${(offset / 1048576).toFixed(1)} of ${(file.size / 1048576).toFixed(1)} MiB sent`;
  };
  const key = `upload:${file.name}:${file.size}:${file.lastModified}`;
  let known = await resume(api, localStorage.getItem(key));
  if (!known) {
    const answer = await fetch(`${api}/uploads`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: file.name, length: file.size }) });
    if (!answer.ok) return { id: null, fault: await fault(answer) };
    known = await answer.json();
    localStorage.setItem(key, known.id);
  }
  let failed = 0;
  while (known.offset < file.size) {
    show(known.offset);
    const part = file.slice(known.offset, known.offset + partBytes);
    try {
      const answer = await fetch(`${api}/uploads/${known.id}`, {
        method: "PATCH",
        headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": known.offset, ...(await hashOf(part)) },
        body: part,
      });
      if (answer.ok) {
        known = await answer.json();
        failed = 0;
        continue;
      }
      if (answer.status !== 409 && answer.status < 500) {
        localStorage.removeItem(key);
        progress.hidden = true;
        return { id: null, fault: await fault(answer) };
      }
    } catch {
      // The connection broke: what has arrived is there.
    }
    if (++failed > tries) return { id: null, fault: "The connection is gone. Import again goes on where it was." };
    show(known.offset, `waiting for the connection, try ${failed} of ${tries}`);
    await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failed));
    known = (await resume(api, known.id)) ?? known;
  }
  show(file.size, "sent");
  localStorage.removeItem(key);
  return { id: known.id, fault: null };
}

async function resume(api, id) {
  if (!id) return null;
  try {
    const answer = await fetch(`${api}/uploads/${id}`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// Browsers hash only where the page came over https or from this machine.
async function hashOf(part) {
  if (!crypto.subtle) return {};
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await part.arrayBuffer()));
  return { "Upload-Sha256": btoa(String.fromCharCode(...bytes)) };
}

async function fault(answer) {
  try {
    const problem = await answer.json();
    return problem.detail ?? Object.values(problem.errors ?? {}).flat().join(" ") ?? `The site answered ${answer.status}.`;
  } catch {
    return `The site answered ${answer.status}.`;
  }
}
