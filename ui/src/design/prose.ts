/** A piece of a line. */
export interface Piece {
  /** Where it begins in the line. */
  at: number;
  kind: 'text' | 'bold' | 'italic' | 'code' | 'link';
  text: string;
  href?: string;
}

export type Block =
  | { kind: 'text' | 'quote'; lines: string[] }
  | { kind: 'heading'; lines: string[] }
  | { kind: 'code'; lines: string[] }
  | { kind: 'bullets' | 'numbers'; lines: string[] }
  | { kind: 'table'; rows: string[][] };

const FENCE = /^\s*(```|~~~)/;
const BULLET = /^\s*[-*•]\s+/;
const NUMBER = /^\s*\d+[.)]\s+/;
const HEADING = /^#{1,6}\s+/;
const QUOTE = /^>\s?/;
const ROW = /^\s*\|(.+)\|\s*$/;
const RULE = /^\s*\|?[\s:|-]+\|?\s*$/;
const INLINE =
  /`([^`]+)`|\*\*([^*]+)\*\*|__([^_]+)__|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"])|(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])/g;

/** The blocks of what models write: the part of Markdown that they use. What is none of it stays as it is. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  let at = 0;
  const take = (kind: 'bullets' | 'numbers' | 'quote', mark: RegExp) => {
    const taken: string[] = [];
    while (at < lines.length && mark.test(lines[at] ?? '')) taken.push((lines[at++] ?? '').replace(mark, ''));
    blocks.push({ kind, lines: taken });
  };
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (FENCE.test(line)) {
      const end = lines.findIndex((each, number) => number > at && FENCE.test(each));
      const last = end < 0 ? lines.length : end;
      blocks.push({ kind: 'code', lines: lines.slice(at + 1, last) });
      at = last + 1;
    } else if (BULLET.test(line)) take('bullets', BULLET);
    else if (NUMBER.test(line)) take('numbers', NUMBER);
    else if (QUOTE.test(line)) take('quote', QUOTE);
    else if (HEADING.test(line)) {
      blocks.push({ kind: 'heading', lines: [line.replace(HEADING, '')] });
      at += 1;
    } else if (ROW.test(line) && RULE.test(lines[at + 1] ?? '')) {
      const rows: string[][] = [];
      while (at < lines.length && ROW.test(lines[at] ?? '')) {
        const row = lines[at++] ?? '';
        if (!RULE.test(row)) rows.push((ROW.exec(row)?.[1] ?? '').split('|').map((cell) => cell.trim()));
      }
      blocks.push({ kind: 'table', rows });
    } else {
      const before = blocks.at(-1);
      if (!line.trim()) blocks.push({ kind: 'text', lines: [] });
      else if (before?.kind === 'text' && before.lines.length > 0) before.lines.push(line);
      else blocks.push({ kind: 'text', lines: [line] });
      at += 1;
    }
  }
  return blocks.filter((each) => each.kind === 'table' || each.lines.length > 0);
}

/** Bold, code, links of a line. Nothing but web addresses becomes a link. */
export function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of line.matchAll(INLINE)) {
    const [whole, code, bold, strong, label, target, bare, italic] = found;
    if (found.index > from) pieces.push({ at: from, kind: 'text', text: line.slice(from, found.index) });
    const at = found.index;
    if (code) pieces.push({ at, kind: 'code', text: code });
    else if (bold || strong) pieces.push({ at, kind: 'bold', text: bold ?? strong ?? '' });
    else if (label) pieces.push({ at, kind: 'link', text: label, href: target });
    else if (bare) pieces.push({ at, kind: 'link', text: bare, href: bare });
    else pieces.push({ at, kind: 'italic', text: italic ?? '' });
    from = at + whole.length;
  }
  if (from < line.length) pieces.push({ at: from, kind: 'text', text: line.slice(from) });
  return pieces;
}
