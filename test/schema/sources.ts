/** What the TypeScript sources declare, for comparison with the schema that Pulumi infers from them. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";

/** An interface or enum that a source declares. */
export interface TypeDeclaration {
    name: string;
    file: string;
    /** Members that the analyzer drops without a word: methods, index signatures. */
    dropped: string[];
}

/** A component class. */
export interface ComponentDeclaration {
    name: string;
    file: string;
    /** Type token that it passes to super(). */
    token: string | undefined;
    /** Private and protected members, which the analyzer takes for outputs. */
    hidden: string[];
}

export interface Declarations {
    types: TypeDeclaration[];
    components: ComponentDeclaration[];
}

/** All declarations at the top level of the .ts files below a folder. */
export function declarationsBelow(folder: string): Declarations {
    const files = fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .sort();
    const all = files.map((file) =>
        declarationsIn(file, fs.readFileSync(path.join(folder, file), "utf8")),
    );
    return {
        types: all.flatMap(({ types }) => types),
        components: all.flatMap(({ components }) => components),
    };
}

export function declarationsIn(file: string, text: string): Declarations {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
    const found: Declarations = { types: [], components: [] };
    for (const node of source.statements) {
        if (ts.isInterfaceDeclaration(node)) {
            found.types.push({
                name: node.name.text,
                file,
                dropped: node.members
                    .filter((member) => !ts.isPropertySignature(member))
                    .map((member) => member.getText()),
            });
        } else if (ts.isEnumDeclaration(node)) {
            found.types.push({ name: node.name.text, file, dropped: [] });
        } else if (ts.isClassDeclaration(node) && isComponent(node)) {
            found.components.push({
                name: node.name?.text ?? "",
                file,
                token: tokenOf(node),
                hidden: hiddenMembers(node),
            });
        }
    }
    return found;
}

/** Names that a module exports by `export { ... } from`. */
export function exportedNames(file: string): string[] {
    const text = fs.readFileSync(file, "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
    return source.statements.flatMap((node) => {
        if (!ts.isExportDeclaration(node)) {
            return [];
        }
        if (node.exportClause && ts.isNamedExports(node.exportClause)) {
            return node.exportClause.elements.map((element) => element.name.text);
        }
        return node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)
            ? exportedNames(path.join(path.dirname(file), node.moduleSpecifier.text, "index.ts"))
            : [];
    });
}

function isComponent(node: ts.ClassDeclaration): boolean {
    return (node.heritageClauses ?? []).some((clause) =>
        clause.types.some((type) => /\bComponentResource$/.test(type.expression.getText())),
    );
}

function tokenOf(node: ts.ClassDeclaration): string | undefined {
    let token: string | undefined;
    const visit = (inner: ts.Node): void => {
        if (ts.isCallExpression(inner) && inner.expression.kind === ts.SyntaxKind.SuperKeyword) {
            const [first] = inner.arguments;
            token = first !== undefined && ts.isStringLiteral(first) ? first.text : undefined;
        }
        ts.forEachChild(inner, visit);
    };
    visit(node);
    return token;
}

function hiddenMembers(node: ts.ClassDeclaration): string[] {
    const hides = (at: ts.Node) =>
        ts.canHaveModifiers(at) &&
        (ts.getModifiers(at) ?? []).some(
            ({ kind }) =>
                kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword,
        );
    const parameters = node.members
        .filter((member) => ts.isConstructorDeclaration(member))
        .flatMap((constructor) => [...constructor.parameters])
        .filter((parameter) => (ts.getModifiers(parameter) ?? []).length > 0);
    const members = node.members.filter(
        (member) =>
            ts.isPropertyDeclaration(member) &&
            (hides(member) || ts.isPrivateIdentifier(member.name)),
    );
    return [...members, ...parameters].map((member) => member.getText());
}
