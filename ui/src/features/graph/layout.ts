import { layout as dagre, Graph } from '@dagrejs/dagre';
import { type OutlineStep, parted } from './outline';

export const NODE = { width: 224, height: 58 };
const GAP = { x: 28, y: 44 };
const LOOP = { top: 58, side: 16, bottom: 16 };
/** Beyond so many steps in one list they are placed by their rank alone, which takes no time. */
const MOST_ROUTED = 250;
export const TRIGGER = '$trigger';

export interface Placed {
  id: string;
  step: OutlineStep | null;
  x: number;
  y: number;
  width: number;
  height: number;
  parent: string | null;
}

export interface Line {
  id: string;
  from: string;
  to: string;
  label: string | null;
}

export interface Layout {
  nodes: Placed[];
  lines: Line[];
}

interface Box {
  width: number;
  height: number;
}

/** Where the steps stand, the trigger above them, steps of loops inside their loop (places relative to it). */
export function place(steps: OutlineStep[]): Layout {
  return list(steps, null).layout;
}

function list(steps: OutlineStep[], parent: string | null): { layout: Layout; box: Box } {
  const inner = new Map(
    steps.filter(({ inner }) => inner.length > 0).map((step) => [step.id, list(step.inner, step.id)]),
  );
  const boxOf = (id: string): Box => {
    const found = inner.get(id);
    if (!found) return NODE;
    return {
      width: Math.max(NODE.width, found.box.width + 2 * LOOP.side),
      height: found.box.height + LOOP.top + LOOP.bottom,
    };
  };
  const ids = parent === null ? [TRIGGER, ...steps.map(({ id }) => id)] : steps.map(({ id }) => id);
  const lines = linesOf(steps, parent);
  const at =
    steps.length > MOST_ROUTED || isChain(lines) ? ranked(ids, lines, boxOf) : routed(ids, lines, boxOf);
  const shift = parent === null ? { x: 0, y: 0 } : { x: LOOP.side, y: LOOP.top };
  const nodes: Placed[] = [];
  const all: Line[] = [...lines];
  const byId = new Map(steps.map((step) => [step.id, step]));
  let box = { width: 0, height: 0 };
  for (const id of ids) {
    const { x, y } = at.get(id) ?? { x: 0, y: 0 };
    const size = boxOf(id);
    nodes.push({ id, step: byId.get(id) ?? null, x: x + shift.x, y: y + shift.y, ...size, parent });
    box = { width: Math.max(box.width, x + size.width), height: Math.max(box.height, y + size.height) };
    const found = inner.get(id);
    if (found) {
      nodes.push(...found.layout.nodes);
      all.push(...found.layout.lines);
    }
  }
  return { layout: { nodes, lines: all }, box };
}

function linesOf(steps: OutlineStep[], parent: string | null): Line[] {
  const known = new Set(steps.map(({ id }) => id));
  return steps.flatMap((step) => {
    const needs = step.needs.map(parted).filter((need) => known.has(need.step));
    if (needs.length === 0) {
      return parent === null
        ? [{ id: `${TRIGGER}>${step.id}`, from: TRIGGER, to: step.id, label: null }]
        : [];
    }
    return needs.map((need) => ({
      id: `${need.step}:${need.outcome ?? ''}>${step.id}`,
      from: need.step,
      to: step.id,
      label: need.outcome,
    }));
  });
}

/** One after the other: nothing has to be put beside anything else. */
function isChain(lines: Line[]): boolean {
  const ends = (of: (line: Line) => string) => new Set(lines.map(of)).size === lines.length;
  return ends((line) => line.from) && ends((line) => line.to);
}

type Places = Map<string, { x: number; y: number }>;

function routed(ids: string[], lines: Line[], boxOf: (id: string) => Box): Places {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: 'TB', nodesep: GAP.x, ranksep: GAP.y });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) graph.setNode(id, { ...boxOf(id) });
  for (const line of lines) graph.setEdge(line.from, line.to);
  dagre(graph);
  const places: Places = new Map();
  for (const id of ids) {
    const node = graph.node(id) as Box & { x: number; y: number };
    places.set(id, { x: node.x - node.width / 2, y: node.y - node.height / 2 });
  }
  return places;
}

function ranked(ids: string[], lines: Line[], boxOf: (id: string) => Box): Places {
  const rank = new Map(ids.map((id) => [id, 0]));
  const before = new Map<string, string[]>();
  for (const line of lines) before.set(line.to, [...(before.get(line.to) ?? []), line.from]);
  for (const id of ids) {
    const needs = (before.get(id) ?? []).map((need) => (rank.get(need) ?? 0) + 1);
    rank.set(id, Math.max(0, ...needs));
  }
  const rows = new Map<number, string[]>();
  for (const id of ids) rows.set(rank.get(id) ?? 0, [...(rows.get(rank.get(id) ?? 0) ?? []), id]);
  const places: Places = new Map();
  const widthOf = (row: string[]) => row.reduce((sum, id) => sum + boxOf(id).width + GAP.x, -GAP.x);
  const widest = Math.max(0, ...[...rows.values()].map(widthOf));
  let y = 0;
  for (const row of [...rows.keys()].sort((a, b) => a - b)) {
    let x = (widest - widthOf(rows.get(row) ?? [])) / 2;
    let tallest = 0;
    for (const id of rows.get(row) ?? []) {
      const box = boxOf(id);
      places.set(id, { x, y });
      x += box.width + GAP.x;
      tallest = Math.max(tallest, box.height);
    }
    y += tallest + GAP.y;
  }
  return places;
}
