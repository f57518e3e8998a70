// The playground: pictures dropped, pasted or chosen; keys; heat over the picture.

const carries = (transfer) => [...(transfer?.items ?? [])].some((item) => item.kind === "file");

const firstFile = (transfer) => [...(transfer?.files ?? [])][0];

/** Reads what went wrong in words a person can use. */
async function reason(answer) {
  try {
    const problem = await answer.json();
    return problem.detail ?? problem.title;
  } catch {
    return answer.status === 429 ? "Too many pictures in a minute; wait a moment." : `The site answered ${answer.status}.`;
  }
}

/** Listens to the page until end() is called. */
export function start(page, root, chooser, most) {
  const upload = async (file) => {
    if (!file) return;
    if (file.size > most) {
      await page.invokeMethodAsync("Refuse", file.name, `The picture is larger than ${most >> 20} MiB.`);
      return;
    }
    await page.invokeMethodAsync("Uploading", file.name);
    try {
      const answer = await fetch("api/v1/playground/images", {
        method: "POST",
        body: file,
        headers: { "Content-Type": "application/octet-stream" },
      });
      if (answer.ok) {
        const picture = await answer.json();
        await page.invokeMethodAsync("Show", picture.hash, picture.width, picture.height);
      } else {
        await page.invokeMethodAsync("Refuse", file.name, await reason(answer));
      }
    } catch {
      await page.invokeMethodAsync("Refuse", file.name, "The connection broke while the picture was sent.");
    }
  };

  const over = (event) => {
    if (!carries(event.dataTransfer)) return;
    event.preventDefault();
    root.classList.add("dragging");
  };
  const leave = (event) => {
    if (!event.relatedTarget || !root.contains(event.relatedTarget)) root.classList.remove("dragging");
  };
  const drop = (event) => {
    root.classList.remove("dragging");
    if (!carries(event.dataTransfer)) return;
    event.preventDefault();
    void upload(firstFile(event.dataTransfer));
  };
  const paste = (event) => {
    const file = firstFile(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    void upload(file);
  };
  const choose = () => {
    void upload(chooser.files[0]);
    chooser.value = "";
  };
  const press = (event) => {
    if (event.key === "Escape") {
      if (root.dataset.asking === "true") void page.invokeMethodAsync("StopAll");
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("[data-sends]")) {
      event.preventDefault();
      void page.invokeMethodAsync("SendText", event.target.value);
    }
  };

  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", leave);
  document.addEventListener("drop", drop);
  document.addEventListener("paste", paste);
  document.addEventListener("keydown", press);
  chooser.addEventListener("change", choose);
  root.dataset.ready = "true";
  return {
    end() {
      document.removeEventListener("dragover", over);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("drop", drop);
      document.removeEventListener("paste", paste);
      document.removeEventListener("keydown", press);
      chooser.removeEventListener("change", choose);
    },
  };
}

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** Paints a grid of bytes in the heat's colours; what is low stays dark, so that the picture shows through where nothing was seen. */
export function heat(canvas, rows, columns, cells) {
  const style = getComputedStyle(document.documentElement);
  const stops = [1, 2, 3, 4].map((at) => channels(style.getPropertyValue(`--clg-heat-${at}`).trim()));
  const bytes = Uint8Array.from(atob(cells), (character) => character.charCodeAt(0));
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  bytes.forEach((byte, at) => {
    const value = Math.sqrt(byte / 255) * (stops.length - 1); // a few cells carry most of it
    const low = Math.min(stops.length - 2, Math.floor(value));
    const part = value - low;
    for (let channel = 0; channel < 3; channel++) {
      image.data[at * 4 + channel] = stops[low][channel] * (1 - part) + stops[low + 1][channel] * part;
    }
    image.data[at * 4 + 3] = 110 + (145 * value) / (stops.length - 1);
  });
  context.putImageData(image, 0, 0);
}

/** Opens the browser's own dialog for files. */
export function choose(chooser) {
  chooser.click();
}
