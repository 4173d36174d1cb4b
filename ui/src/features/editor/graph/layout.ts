/** Where blocks are drawn: dagre from top to bottom, loops around what they hold; positions that were kept win. Pure. */
import { layout as arrange, Graph as Dagre } from '@dagrejs/dagre';
import type { Position } from '../document/definition';
import { own } from '../document/own';
import { type Block, type Graph, TRIGGER } from './graph';

export interface Box extends Position {
  width: number;
  height: number;
}

export const STEP_SIZE = { width: 248, height: 60 };
const SIZES: Record<Block['kind'], { width: number; height: number }> = {
  trigger: STEP_SIZE,
  step: STEP_SIZE,
  loop: STEP_SIZE,
  finish: { width: 96, height: 30 },
  start: { width: 12, height: 12 },
  end: { width: 12, height: 12 },
};
const GAP = { nodesep: 44, ranksep: 58 };
/** From here on a layout that takes a moment less counts for more than a shorter way. */
const MANY = 60;
export const LOOP_HEAD = 54;
const LOOP_PAD = 22;

/** Boxes by block; those of blocks in a loop are measured from its corner. */
export type Boxes = ReadonlyMap<string, Box>;

/** Dagre keeps blocks in plain objects, in which `constructor` is taken. */
const named = (id: string) => `:${id}`;

export function layoutOf(graph: Graph, kept: Readonly<Record<string, Position>>): Boxes {
  const boxes = new Map<string, Box>();
  place(graph, null, kept, boxes);
  return boxes;
}

function place(
  graph: Graph,
  holder: string | null,
  kept: Readonly<Record<string, Position>>,
  boxes: Map<string, Box>,
): { width: number; height: number } {
  const blocks = graph.blocks.filter((block) => block.holder === holder);
  const sizes = new Map(
    blocks.map((block) => [
      block.id,
      block.kind === 'loop' ? around(place(graph, block.id, kept, boxes)) : SIZES[block.kind],
    ]),
  );
  const auto = arrangedOnce(sizes, graph);
  const settled = blocks.some(({ id }) => own(kept, id)) ? withKept(graph, auto, kept) : auto;
  const left = Math.min(...[...settled.values()].map(({ x }) => x));
  const top = Math.min(...[...settled.values()].map(({ y }) => y));
  const corner = holder === null ? { x: 0, y: 0 } : { x: LOOP_PAD - left, y: LOOP_HEAD + 8 - top };
  for (const [id, box] of settled) boxes.set(id, { ...box, x: box.x + corner.x, y: box.y + corner.y });
  return {
    width: Math.max(...[...settled.values()].map((box) => box.x + box.width)) - left,
    height: Math.max(...[...settled.values()].map((box) => box.y + box.height)) - top,
  };
}

type Sizes = ReadonlyMap<string, { width: number; height: number }>;

const REMEMBERED = 40;
const remembered = new Map<string, ReadonlyMap<string, Box>>();

/** Dagre takes a tenth of a second for 200 blocks, and what one undoes was laid out before. */
function arrangedOnce(sizes: Sizes, graph: Graph): ReadonlyMap<string, Box> {
  const ways = graph.ways.filter(({ source, target }) => sizes.has(source) && sizes.has(target));
  const key = JSON.stringify([[...sizes], ways.map(({ source, target }) => [source, target])]);
  const found = remembered.get(key) ?? arranged(sizes, ways);
  remembered.delete(key);
  remembered.set(key, found);
  for (const oldest of [...remembered.keys()].slice(0, -REMEMBERED)) remembered.delete(oldest);
  return found;
}

function arranged(sizes: Sizes, ways: Graph['ways']): ReadonlyMap<string, Box> {
  const dagre = new Dagre();
  dagre.setGraph({
    rankdir: 'TB',
    ranker: sizes.size > MANY ? 'longest-path' : 'network-simplex',
    ...GAP,
  });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const [id, size] of sizes) dagre.setNode(named(id), { ...size });
  for (const { source, target } of ways) dagre.setEdge(named(source), named(target));
  arrange(dagre);
  const auto = new Map<string, Box>();
  for (const [id, size] of sizes) {
    const at = dagre.node(named(id)) as Position;
    auto.set(id, { x: Math.round(at.x - size.width / 2), y: Math.round(at.y - size.height / 2), ...size });
  }
  return auto;
}

function around({ width, height }: { width: number; height: number }) {
  return {
    width: Math.max(STEP_SIZE.width, width) + 2 * LOOP_PAD,
    height: height + LOOP_HEAD + 8 + LOOP_PAD,
  };
}

/** Kept positions; a block without one stands below those that lead to it, as far from them as dagre put it. */
function withKept(
  graph: Graph,
  auto: ReadonlyMap<string, Box>,
  kept: Readonly<Record<string, Position>>,
): Map<string, Box> {
  const boxes = new Map<string, Box>();
  const ordered = [...auto].sort(([, one], [, other]) => one.y - other.y);
  for (const [id, box] of ordered) {
    const stays = own(kept, id);
    if (stays) {
      boxes.set(id, { ...box, ...stays });
      continue;
    }
    const before = graph.ways.find(({ source, target }) => target === id && boxes.has(source))?.source;
    const anchor = before === undefined ? undefined : boxes.get(before);
    const drawn = before === undefined ? undefined : auto.get(before);
    const shift = anchor && drawn ? { x: anchor.x - drawn.x, y: anchor.y - drawn.y } : { x: 0, y: 0 };
    boxes.set(id, free({ ...box, x: box.x + shift.x, y: box.y + shift.y }, boxes, id === TRIGGER));
  }
  return boxes;
}

/** Moved down until it lies on nothing. */
function free(box: Box, others: ReadonlyMap<string, Box>, stays: boolean): Box {
  let { y } = box;
  const hits = () =>
    [...others.values()].find(
      (other) =>
        box.x < other.x + other.width &&
        other.x < box.x + box.width &&
        y < other.y + other.height &&
        other.y < y + box.height,
    );
  for (let hit = stays ? undefined : hits(); hit; hit = hits()) y = hit.y + hit.height + 24;
  return { ...box, y };
}
