/** React Flow's nodes and edges of a graph. Objects stay the same where nothing changed, so that little is drawn. */
import type { Edge, Node } from '@xyflow/react';
import type { Step } from '../document/definition';
import type { Slot } from '../document/edit';
import type { Block, Graph } from '../graph/graph';
import { type Box, type Boxes, STEP_SIZE } from '../graph/layout';

export interface BlockData extends Record<string, unknown> {
  step: Step | null;
  exits: string[];
}
export type BlockNode = Node<BlockData, Block['kind']>;

export interface WayData extends Record<string, unknown> {
  exit: string;
  slot: Slot;
}
export type WayEdge = Edge<WayData, 'way'>;

export function nodesOf(
  graph: Graph,
  boxes: Boxes,
  exits: (step: Step) => string[],
  before: ReadonlyMap<string, BlockNode>,
): BlockNode[] {
  return graph.blocks.map((block) => {
    const { x, y, width, height } = boxes.get(block.id) ?? below(graph, boxes, block.id);
    const old = before.get(block.id);
    const fits =
      old !== undefined &&
      old.type === block.kind &&
      old.position.x === x &&
      old.position.y === y &&
      old.width === width &&
      old.height === height &&
      old.parentId === (block.holder ?? undefined) &&
      old.data.step === block.step;
    if (fits) return old;
    const movable = block.kind !== 'start' && block.kind !== 'end';
    return {
      id: block.id,
      type: block.kind,
      position: { x, y },
      width,
      height,
      parentId: block.holder ?? undefined,
      extent: block.holder ? ('parent' as const) : undefined,
      data: { step: block.step, exits: block.step ? exits(block.step) : [] },
      selected: old?.selected ?? false,
      draggable: movable,
      selectable: block.kind === 'step' || block.kind === 'loop' || block.kind === 'trigger',
      focusable: block.kind === 'step' || block.kind === 'loop' || block.kind === 'trigger',
      deletable: false,
      zIndex: block.holder ? 1 : 0,
    };
  });
}

/** Where a block stands until it is laid out: below the one that leads to it. */
function below(graph: Graph, boxes: Boxes, id: string): Box {
  const from = graph.ways.find(({ source, target }) => target === id && boxes.has(source))?.source;
  const box = from === undefined ? undefined : boxes.get(from);
  return { x: box?.x ?? 0, y: box ? box.y + box.height + STEP_SIZE.height : 0, ...STEP_SIZE };
}

export function edgesOf(graph: Graph, before: ReadonlyMap<string, WayEdge>): WayEdge[] {
  return graph.ways.map(({ id, source, target, exit, slot }) => {
    const old = before.get(id);
    if (old && old.source === source && old.target === target && isSame(old.data, { exit, slot })) return old;
    return {
      id,
      type: 'way' as const,
      source,
      target,
      sourceHandle: exit || 'out',
      targetHandle: 'in',
      data: { exit, slot },
      focusable: false,
      deletable: false,
      selectable: false,
      zIndex: slot.holder ? 1 : 0,
    };
  });
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** What the drawing depends on: while one types into a form, nothing is laid out anew. */
export function shapeOf(graph: Graph): string {
  return JSON.stringify([
    graph.blocks.map(({ id, kind, holder }) => [id, kind, holder]),
    graph.ways.map(({ id }) => id),
  ]);
}
