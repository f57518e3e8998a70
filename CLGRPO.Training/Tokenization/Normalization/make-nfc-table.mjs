// Makes nfc.txt from the Unicode character database (Debian package unicode-data):
//   node make-nfc-table.mjs /usr/share/unicode > nfc.txt
// Only characters of Unicode 9.0 and older: Hugging Face's tokenizers normalise with that version
// (crate unicode-normalization-alignments), so that a later combining mark stays where it stands.
import { readFileSync } from "node:fs";

const folder = process.argv[2];
const lines = (name) => readFileSync(`${folder}/${name}`, "utf8").split("\n");
const old = new Set();
for (const line of lines("DerivedAge.txt")) {
  const match = line.match(/^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*([\d.]+)/);
  if (!match || parseFloat(match[3]) > 9) continue;
  for (let c = parseInt(match[1], 16); c <= parseInt(match[2] ?? match[1], 16); c++) old.add(c);
}
const excluded = new Set();
for (const line of lines("DerivedNormalizationProps.txt")) {
  const match = line.match(/^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*Full_Composition_Exclusion/);
  if (!match) continue;
  for (let c = parseInt(match[1], 16); c <= parseInt(match[2] ?? match[1], 16); c++) excluded.add(c);
}
const marks = [];
const pairs = [];
for (const line of lines("UnicodeData.txt")) {
  const field = line.split(";");
  const c = parseInt(field[0], 16);
  if (!old.has(c)) continue;
  const ccc = Number(field[3]);
  const last = marks.at(-1);
  if (ccc && last?.ccc === ccc && last.to === c - 1) last.to = c;
  else if (ccc) marks.push({ from: c, to: c, ccc });
  if (field[5] && !field[5].startsWith("<")) pairs.push(`${field[0]} ${excluded.has(c) ? "!" : "="} ${field[5]}`);
}
const hex = (c) => c.toString(16).toUpperCase().padStart(4, "0");
console.log("# Unicode 9.0. Written by make-nfc-table.mjs from the Unicode character database (c) Unicode, Inc., Unicode License v3.");
console.log("# first..last ccc: canonical combining class, where it is not 0");
for (const { from, to, ccc } of marks) console.log(`${hex(from)}..${hex(to)} ${ccc}`);
console.log("# character = canonical decomposition; ! instead of = where NFC does not compose it again");
for (const pair of pairs) console.log(pair);
