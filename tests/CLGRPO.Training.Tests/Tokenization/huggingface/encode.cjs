// node encode.cjs <request.json> <answer.json>: ids, texts and encoding time as Hugging Face's tokenizers give them.
// request: {tokenizer: path, added: [special token …], texts: […], ids: [[…] …], timed: text, lines of it encoded one by one}
const { readFileSync, writeFileSync } = require("node:fs");
const { Tokenizer } = require("@anush008/tokenizers-linux-x64-gnu");

const [request, answer] = process.argv.slice(2);
const { tokenizer: path, added, texts, ids, timed } = JSON.parse(readFileSync(request, "utf8"));
const tokenizer = Tokenizer.fromFile(path);
if (added.length > 0) tokenizer.addSpecialTokens(added);
const encode = async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds();

(async () => {
  const encoded = [];
  for (const text of texts) encoded.push(await encode(text));
  const decoded = [];
  for (const list of ids) decoded.push(await tokenizer.decode(list, false));
  const started = process.hrtime.bigint();
  let timedTokens = 0;
  for (const line of timed) timedTokens += (await encode(line)).length;
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  writeFileSync(answer, JSON.stringify({ encoded, decoded, seconds, timedTokens }));
})();
