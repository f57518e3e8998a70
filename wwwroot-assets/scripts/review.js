// The reviewer's hands: keys, texts that are saved as one types, the lease's countdown, pictures in full size.
// What is typed is kept in this browser until the site has said that it is saved: neither a restart nor a lost connection loses it.
const SAVE_AFTER = 250; // ms without a stroke
const TRY_AGAIN = 1000; // ms after a save that failed
const RENEW_AT = 2 / 3; // of the lease, while somebody works
const RENEW_PAUSE = 15000; // ms between two tries
const KEYS = { ArrowUp: "up", ArrowDown: "down", Escape: "escape" };
const LETTERS = "arefsud12345";

const find = (selector) => document.querySelector(selector);
const field = (name) => find(`[data-review] [data-field=${name}]`);
const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]");

async function send(method, path, body) {
  const answer = await fetch(`api/v1/reviews/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status });
  return answer.status === 204 ? null : answer.json();
}

export function start(page, user, serverNow) {
  const ahead = serverNow - Date.now(); // the server's clock may differ
  let item = null; // { id, original, version, saved: { text, comment } }
  let timer = null;
  let saving = null; // the save in progress
  let renewed = 0;
  let ended = false;
  let waiting = null; // the key that waits for a save

  const local = (id) => `review-draft:${user}:${id}`;
  const current = () => {
    const text = field("text")?.value ?? "";
    return { text: text.trim() === item.original.trim() ? null : text, comment: field("comment")?.value || null };
  };
  const same = (a, b) => a.text === b.text && (a.comment ?? null) === (b.comment ?? null);
  const say = (word) => {
    const state = find("[data-draft-state]");
    if (!state) return;
    state.textContent = word;
    state.hidden = word === "";
  };

  async function save() {
    clearTimeout(timer);
    timer = null;
    if (!item) return true;
    const at = item;
    const draft = current();
    if (same(draft, at.saved)) {
      localStorage.removeItem(local(at.id));
      return true;
    }
    try {
      const answer = await send("PUT", `items/${at.id}/draft`, { ...draft, version: at.version });
      at.version = answer.version;
      at.saved = draft;
      if (item === at) {
        if (same(current(), draft)) localStorage.removeItem(local(at.id));
        say(draft.text === null && draft.comment === null ? "" : "draft saved");
        page.invokeMethodAsync("DraftSaved").catch(() => {});
        if (waiting) press(waiting);
      }
      return true;
    } catch (error) {
      if (item !== at) return false;
      if (error.status === 409) {
        // Another window of the same person: its text stays on the server, this one in this window.
        say("changed in another window");
        at.version = (await send("GET", `items/${at.id}`)).draftVersion;
        return false;
      }
      say("not saved yet");
      timer ??= setTimeout(flush, TRY_AGAIN);
      return false;
    }
  }

  /** Saves what is not saved, after the save in progress. */
  function flush() {
    saving = (saving ?? Promise.resolve()).then(save);
    return saving;
  }

  function typed(event) {
    if (!item || !event.target.matches?.("[data-review] [data-field]")) return;
    localStorage.setItem(local(item.id), JSON.stringify(current()));
    say("saving");
    clearTimeout(timer);
    timer = setTimeout(flush, SAVE_AFTER);
    renew();
  }

  async function sendComment() {
    const box = field("comment");
    const text = box.value.trim();
    if (!item || text === "") return;
    await send("POST", `items/${item.id}/comments`, { text });
    box.value = "";
    box.blur();
    await flush(); // the draft is without it now
    await page.invokeMethodAsync("DraftSaved");
  }

  const dialog = (name) => find(`[data-dialog=${name}]`);
  function open(name) {
    const it = dialog(name);
    if (it?.open) it.close();
    else it?.showModal();
  }

  async function press(key) {
    waiting = null;
    const at = item;
    if (await flush()) {
      if (item === at) await page.invokeMethodAsync("Press", key, at?.id ?? null);
    } else if (item === at) {
      waiting = key;
      say("not saved yet: the verdict waits");
    }
  }

  function keyed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !find("[data-review]")) return;
    renew();
    if (isTyping(event.target)) {
      if (event.key === "Escape") {
        event.target.blur();
        press("escape");
      } else if (event.key === "Enter" && !event.shiftKey && event.target.dataset.field === "comment") {
        event.preventDefault();
        sendComment().catch(() => say("comment not sent"));
      }
      return;
    }
    const shown = find("dialog[open]");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (shown) {
      if (key === "?" || (key === "z" && shown === dialog("zoom")) || (key === "o" && shown === dialog("original"))) shown.close();
      return;
    }
    if (find(".rz-dialog, [role=alertdialog].rz-dialog-wrapper")) return;
    if (key === "?") open("shortcuts");
    else if (key === "z") open("zoom");
    else if (key === "o") open("original");
    else if (key === "c") field("comment")?.focus();
    else if (KEYS[key] || (key.length === 1 && LETTERS.includes(key))) {
      // A key that is held down judges one item, not all of them.
      if (!event.repeat) press(KEYS[key] ?? key);
    } else return;
    event.preventDefault();
  }

  function clicked(event) {
    renew();
    const opens = event.target.closest?.("[data-opens]");
    if (opens) open(opens.dataset.opens);
    else if (event.target.closest?.("[data-closes]") || event.target.matches?.("dialog[open]")) find("dialog[open]")?.close();
  }

  const secondsLeft = (lease) => (Date.parse(lease.dataset.ends) - Date.now() - ahead) / 1000;

  async function renew() {
    const lease = find("[data-lease]");
    if (!lease || !item || Date.now() - renewed < RENEW_PAUSE) return;
    if (secondsLeft(lease) > RENEW_AT * Number(lease.dataset.whole)) return;
    renewed = Date.now();
    try {
      lease.dataset.ends = (await send("POST", `items/${item.id}/lease`)).ends;
      tick();
    } catch (error) {
      if (error.status === 409) page.invokeMethodAsync("LeaseLost").catch(() => {});
    }
  }

  function tick() {
    const lease = find("[data-lease]");
    if (!lease) return;
    const left = Math.max(0, secondsLeft(lease));
    const text = `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`;
    lease.querySelector("[data-lease-left]").textContent = left > 0 ? text : "lease ended";
    lease.querySelector("[data-lease-word]").hidden = left <= 0;
    lease.querySelector(".left").style.strokeDasharray = `${(100 * left) / Number(lease.dataset.whole)} 100`;
    lease.setAttribute("aria-label", left > 0 ? `Lease ends in ${Math.floor(left / 60)} minutes` : "The lease has ended");
  }

  function hidden() {
    if (item && timer) save();
  }

  const clock = setInterval(tick, 1000);
  document.addEventListener("keydown", keyed);
  document.addEventListener("input", typed);
  document.addEventListener("click", clicked);
  document.addEventListener("visibilitychange", hidden);

  return {
    /** Shows an item's texts; what this browser could not save before comes back and is saved now. */
    open(id, original, text, comment, version, next) {
      clearTimeout(timer);
      timer = waiting = null;
      item = { id, original, version, saved: { text: text ?? null, comment: comment ?? null } };
      const kept = JSON.parse(localStorage.getItem(local(id)) ?? "null");
      const draft = kept ?? item.saved;
      field("text").value = draft.text ?? original;
      if (field("comment")) field("comment").value = draft.comment ?? "";
      say(text || comment ? "draft saved" : "");
      tick();
      if (kept) flush();
      if (next) new Image().src = next;
      find("[data-review]").dataset.item = id; // the item is ready for keys
    },
    close() {
      item = null;
      delete find("[data-review]")?.dataset.item;
    },
    edit() {
      const text = field("text");
      text.focus();
      text.setSelectionRange(text.value.length, text.value.length);
    },
    end() {
      if (ended) return;
      ended = true;
      clearInterval(clock);
      clearTimeout(timer);
      document.removeEventListener("keydown", keyed);
      document.removeEventListener("input", typed);
      document.removeEventListener("click", clicked);
      document.removeEventListener("visibilitychange", hidden);
    },
  };
}
