// What the recipe's page needs of the browser: long texts in and out.
export function textOf(area) {
  return new TextEncoder().encode(area.value);
}

export function copy(text) {
  return navigator.clipboard.writeText(text);
}

export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
