import { ensureSyntaxTree } from '@codemirror/language';
import type { EditorState } from '@codemirror/state';

const PARSE_MS = 200;

/** The segments of a path such as `actions[1].config.url`. */
export function segments(path: string): (string | number)[] {
  return Array.from(path.matchAll(/([^.[\]]+)|\[(\d+)\]/g), ([, name, index]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
}

/** Where the value at a path stands in a JSON text; the innermost part of the path that is there. */
export function spanOf(state: EditorState, path: string): { from: number; to: number } {
  const tree = ensureSyntaxTree(state, state.doc.length, PARSE_MS);
  let node = tree?.topNode.firstChild ?? null;
  let span = { from: 0, to: Math.min(1, state.doc.length) };
  for (const part of segments(path)) {
    if (!node) break;
    let next = null;
    if (node.name === 'Object' && typeof part === 'string') {
      for (const property of node.getChildren('Property')) {
        const name = property.getChild('PropertyName');
        if (name && state.sliceDoc(name.from + 1, name.to - 1) === part) {
          span = { from: name.from, to: name.to };
          next = property.lastChild;
        }
      }
    } else if (node.name === 'Array' && typeof part === 'number') {
      let index = -1;
      for (let child = node.firstChild; child; child = child.nextSibling) {
        if (child.name === '[' || child.name === ']' || child.name === ',' || child.type.isError) continue;
        index += 1;
        if (index === part) {
          next = child;
          span = { from: child.from, to: Math.min(child.to, state.doc.lineAt(child.from).to) };
        }
      }
    }
    node = next;
  }
  return span;
}
