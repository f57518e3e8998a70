// Reads blazor.web.js out of Microsoft.AspNetCore.Components.Endpoints.dll, where it is an embedded resource.
import { readFile } from "node:fs/promises";

/** @param {string} assembly path of the DLL. Format: ECMA-335 II.25; resources are a 4-byte length and the bytes, one after the other. */
export async function blazorScript(assembly) {
  const file = await readFile(assembly);
  const header = file.readUInt32LE(0x3c);
  const sections = file.readUInt16LE(header + 6);
  const optional = header + 24;
  const directories = optional + (file.readUInt16LE(optional) === 0x20b ? 112 : 96);
  const firstSection = optional + file.readUInt16LE(header + 20);

  const offsetOf = (address) => {
    for (let at = firstSection; at < firstSection + 40 * sections; at += 40) {
      const start = file.readUInt32LE(at + 12);
      if (address >= start && address < start + file.readUInt32LE(at + 16)) return address - start + file.readUInt32LE(at + 20);
    }
    throw new Error(`${assembly}: no section holds address ${address}`);
  };

  const managed = offsetOf(file.readUInt32LE(directories + 14 * 8));
  const resources = offsetOf(file.readUInt32LE(managed + 24));
  const end = resources + file.readUInt32LE(managed + 28);
  for (let at = resources; at < end; ) {
    const length = file.readUInt32LE(at);
    const bytes = file.subarray(at + 4, at + 4 + length);
    if (bytes.includes("enhancedload")) return bytes;
    at += 4 + length;
    at += (8 - ((at - resources) % 8)) % 8;
  }
  throw new Error(`${assembly} holds no blazor.web.js`);
}
