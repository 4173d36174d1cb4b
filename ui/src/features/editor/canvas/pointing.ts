import type { Position } from '../document/definition';
import type { graphOf } from '../graph/graph';
import type { layoutOf } from '../graph/layout';

type Graph = ReturnType<typeof graphOf>;
type Boxes = ReturnType<typeof layoutOf>;
type Slot = Graph['ways'][number]['slot'];

/** In units of the flow. */
const NEAR = 140;

/** The slot of the way nearest to a point of the flow, where one is within `NEAR`. */
export function nearestSlot(graph: Graph, boxes: Boxes, at: Position): Slot | null {
  const corner = (id: string): Position => {
    const box = boxes.get(id);
    const holder = graph.blocks.find((block) => block.id === id)?.holder;
    const outer = holder ? corner(holder) : { x: 0, y: 0 };
    return { x: (box?.x ?? 0) + outer.x, y: (box?.y ?? 0) + outer.y };
  };
  let best: { far: number; slot: (typeof graph.ways)[number]['slot'] } | null = null;
  for (const { source, target, slot } of graph.ways) {
    const one = boxes.get(source);
    const other = boxes.get(target);
    if (!one || !other) continue;
    const from = corner(source);
    const to = corner(target);
    const x = (from.x + one.width / 2 + to.x + other.width / 2) / 2;
    const y = (from.y + one.height + to.y) / 2;
    const far = Math.hypot(x - at.x, y - at.y);
    if (far < NEAR && (!best || far < best.far)) best = { far, slot };
  }
  return best?.slot ?? null;
}

/** The step whose block lies under the pointer; a place inside a loop's frame is none. */
export function blockUnder(event: MouseEvent | TouchEvent): string | null {
  const point = 'clientX' in event ? event : event.changedTouches[0];
  if (!point) return null;
  for (const element of document.elementsFromPoint(point.clientX, point.clientY)) {
    const node = element.closest<HTMLElement>('.react-flow__node');
    if (node) return node.classList.contains('react-flow__node-step') ? (node.dataset.id ?? null) : null;
  }
  return null;
}
