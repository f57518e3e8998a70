// Bundles styles and scripts: node build.mjs <output folder> <Radzen's style sheet> [assembly that holds blazor.web.js]
import { build } from "esbuild";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blazorScript } from "./blazor-script.mjs";
import { radzenStyles } from "./radzen-styles.mjs";

const [output, radzen, assembly] = process.argv.slice(2);
const scripts = (await readdir("scripts")).filter((name) => name.endsWith(".js")).map((name) => `scripts/${name}`);

await build({
  entryPoints: [...scripts, "styles/app.css"],
  outdir: output,
  outbase: ".",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  logLevel: "warning",
});
await writeFile(join(output, "styles", "radzen.css"), radzenStyles(await readFile(radzen, "utf8")));
await cp("images", output, { recursive: true });
if (assembly) {
  await mkdir(join(output, "_framework"), { recursive: true });
  await writeFile(join(output, "_framework", "blazor.web.js"), await blazorScript(assembly));
}
