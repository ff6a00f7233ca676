// Makes the client of the program out of its IDL, by Codama's renderer for TypeScript, and leaves it as JavaScript that Node loads as it is.
//
//   node make_client.mjs FOLDER
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createFromRoot } from "codama";
import { renderVisitor } from "@codama/renderers-js";
import ts from "typescript";

const IDL = new URL("../../program/idl/chatmcp.json", import.meta.url);
const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: make_client.mjs FOLDER");

// Renderers leave the file's ending to a bundler; Node wants it.
function withEnding(specifier, from) {
    const path = join(dirname(from), specifier);
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? `${specifier}/index.mjs` : `${specifier}.mjs`;
}

rmSync(folder, { recursive: true, force: true });
await createFromRoot(JSON.parse(readFileSync(IDL, "utf8"))).accept(
    renderVisitor(folder, { deleteFolderBeforeRendering: false, formatCode: false, generatedFolder: ".", syncPackageJson: false }),
);
const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
for (const file of files) {
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    const script = ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions: options })
        .outputText.replace(/(from\s*["'])(\.{1,2}(?:\/[^"']*)?)(["'])/g, (_, before, specifier, after) => before + withEnding(specifier, file) + after);
    writeFileSync(file.replace(/\.ts$/, ".mjs"), script);
}
