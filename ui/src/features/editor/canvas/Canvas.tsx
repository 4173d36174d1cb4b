import '@xyflow/react/dist/base.css';
import './canvas.css';
import { useComputedColorScheme } from '@mantine/core';
import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type Connection,
  type NodeMouseHandler,
  type OnConnectEnd,
  type OnNodesChange,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  type ReactFlowState,
  useReactFlow,
  useStore,
  type Viewport,
} from '@xyflow/react';
import { type DragEvent, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useDefinition, useEditor } from '../components/EditorContext';
import { useCommands } from '../components/useCommands';
import { placeOf } from '../document/bodies';
import type { Position } from '../document/definition';
import { exitsOf } from '../document/kinds';
import { graphOf, OUTPUT, TRIGGER } from '../graph/graph';
import { layoutOf } from '../graph/layout';
import { useView } from '../state/view';
import { EndDot, FinishBlock, LoopBlock, StartDot, StepBlock, TriggerBlock } from './Blocks';
import { draggedAction, isActionDrag } from './dragging';
import { type BlockNode, edgesOf, nodesOf, shapeOf, type WayEdge } from './flow';
import { blockUnder, nearestSlot } from './pointing';
import { WayLine } from './WayLine';
import { ZoomTools } from './ZoomTools';

const NODE_TYPES = {
  trigger: TriggerBlock,
  step: StepBlock,
  loop: LoopBlock,
  finish: FinishBlock,
  start: StartDot,
  end: EndDot,
};
const EDGE_TYPES = { way: WayLine };
const MANY = 100;
/** Below this zoom a "+" is too small to be met: only blocks and ways are drawn. No view is fitted that small. */
const FAR = 0.4;
// What React Flow is given stays the same object, or every block is drawn again while one is dragged.
const SEVERAL = ['Meta', 'Control', 'Shift'];
const PLAIN = { hideAttribution: true };
const FIT = { padding: 0.15, maxZoom: 1, minZoom: FAR };
const isFarOff = ({ transform }: ReactFlowState) => transform[2] < FAR;

const chooseOne: NodeMouseHandler<BlockNode> = (event, { id }) => {
  const several = event.shiftKey || event.ctrlKey || event.metaKey;
  if (!several && useView.getState().selected.length > 1) useView.getState().select([id]);
};
const renameStep: NodeMouseHandler<BlockNode> = (_event, { id }) => {
  if (!id.startsWith('@')) useView.getState().rename(true);
};
const allowDrop = (event: DragEvent) => {
  if (isActionDrag(event)) event.preventDefault();
};

/** What doesn't change while a block is dragged. */
const STILL = (
  <>
    <Background variant={BackgroundVariant.Dots} gap={18} size={1} />
    <Panel position="bottom-left">
      <ZoomTools fit={FIT} />
    </Panel>
  </>
);

function needAt(source: string, handle: string | null | undefined) {
  return { id: source, exit: !handle || handle === 'out' ? '' : handle };
}

function Flow() {
  const { t } = useTranslation('editor');
  const { draft, actions } = useEditor();
  const commands = useCommands();
  const flow = useReactFlow();
  const scheme = useComputedColorScheme('light');
  const steps = useDefinition((definition) => definition.actions);
  const kept = useDefinition((definition) => definition.layout);
  const selected = useView((view) => view.selected);
  const [nodes, setNodes] = useState<BlockNode[]>([]);
  const graph = useMemo(() => graphOf({ actions: steps } as never, actions), [steps, actions]);
  const shape = useMemo(() => shapeOf(graph), [graph]);
  const far = useStore(isFarOff);
  // From far off nearly all is in view: to ask of each way whether it is would take longer than to draw it. Decided
  // when the view stands still, for a hundred blocks that come or go at once are felt.
  const many = graph.blocks.length > MANY;
  const [near, setNear] = useState(true);
  const settle = useCallback((_event: unknown, { zoom }: Viewport) => setNear(zoom >= FAR), []);
  const drawn = useRef<ReadonlyMap<string, WayEdge>>(new Map());
  // biome-ignore lint/correctness/useExhaustiveDependencies: laid out anew when the shape changes, not with every letter
  const now = useMemo(() => ({ graph, kept }), [shape, kept]);
  // A large layout takes longer than a person's key should: the change is seen first.
  const later = useDeferredValue(now);
  const wanted = many ? later : now;
  const boxes = useMemo(() => layoutOf(wanted.graph, wanted.kept), [wanted]);
  const laidOut = useRef(boxes);
  laidOut.current = boxes;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ways are the shape
  const edges = useMemo(() => {
    const ways = edgesOf(graph, drawn.current);
    drawn.current = new Map(ways.map((way) => [way.id, way]));
    return ways;
  }, [shape]);

  useEffect(() => {
    setNodes((before) => {
      const old = new Map(before.map((node) => [node.id, node]));
      const next = nodesOf(graph, boxes, (step) => exitsOf(step, actions), old);
      const isSame = next.length === before.length && next.every((node, index) => node === before[index]);
      return isSame ? before : next;
    });
  }, [graph, boxes, actions]);

  useEffect(() => {
    const chosen = new Set(selected);
    setNodes((before) => {
      const touched = before.some((node) => (node.selected ?? false) !== chosen.has(node.id));
      if (!touched) return before;
      return before.map((node) =>
        (node.selected ?? false) === chosen.has(node.id) ? node : { ...node, selected: chosen.has(node.id) },
      );
    });
    const [only] = selected;
    if (selected.length === 1 && only) reveal(flow, only);
  }, [selected, flow]);

  const onNodesChange: OnNodesChange<BlockNode> = useCallback((changes) => {
    setNodes((before) => applyNodeChanges(changes, before));
    const picks = changes.filter((change) => change.type === 'select');
    if (picks.length === 0) return;
    const { selected: now, select } = useView.getState();
    const off = new Set(picks.filter(({ selected: on }) => !on).map(({ id }) => id));
    const on = picks.filter(({ selected: each }) => each).map(({ id }) => id);
    select([...now.filter((id) => !off.has(id) && !on.includes(id)), ...on]);
  }, []);

  const onDragStop = useCallback(
    (_event: unknown, node: BlockNode, dragged: BlockNode[]) => {
      const there = new Map(flow.getNodes().map(({ id, position }) => [id, position]));
      for (const each of dragged) there.set(each.id, each.position);
      const layout: Record<string, Position> = {};
      let moved = false;
      for (const [id, box] of laidOut.current) {
        if (id.startsWith('@') && id !== TRIGGER && id !== OUTPUT) continue;
        const at = there.get(id) ?? box;
        layout[id] = { x: Math.round(at.x), y: Math.round(at.y) };
        moved ||= Math.abs(at.x - box.x) > 2 || Math.abs(at.y - box.y) > 2;
      }
      if (moved) commands.arrange(layout, node.id === TRIGGER ? t('trigger') : node.id);
    },
    [commands, flow, t],
  );

  const onConnect = useCallback(
    ({ source, target, sourceHandle }: Connection) => {
      if (source !== TRIGGER) commands.connect(needAt(source, sourceHandle), target);
    },
    [commands],
  );

  /** A way that was drawn onto a block leads to it; of one into the void, the end is chosen from the palette. */
  const onConnectEnd: OnConnectEnd = useCallback(
    (event, { isValid, fromNode, fromHandle, toNode }) => {
      if (isValid || !fromNode || fromHandle?.type !== 'source') return;
      const close = toNode && !toNode.id.startsWith('@') ? toNode.id : null; // one of its exits is near
      const block = blockUnder(event) ?? close;
      if (block) {
        const way = {
          source: fromNode.id,
          sourceHandle: fromHandle.id ?? null,
          target: block,
          targetHandle: 'in',
        };
        if (block !== fromNode.id) onConnect(way);
        return;
      }
      if (toNode) return;
      const start = fromNode.id.startsWith('@');
      const holder = start
        ? (fromNode.parentId ?? null)
        : (placeOf(draft.getState().definition, fromNode.id, actions)?.body.holder?.id ?? null);
      const from = start ? null : needAt(fromNode.id, fromHandle.id);
      useView.getState().insertAt({ holder, from, to: null });
    },
    [draft, actions, onConnect],
  );

  const labels = useMemo(
    () => ({
      'node.a11yDescription.default': t('a11y.node'),
      'node.a11yDescription.keyboardDisabled': t('a11y.node'),
      'edge.a11yDescription.default': t('a11y.edge'),
    }),
    [t],
  );

  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onNodesChange={onNodesChange}
      onMoveEnd={settle}
      onNodeDragStop={onDragStop}
      onConnect={onConnect}
      onConnectEnd={onConnectEnd}
      onDragOver={allowDrop}
      onDrop={(event) => {
        const wish = draggedAction(event);
        if (!wish) return;
        event.preventDefault();
        const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
        commands.insert(wish, nearestSlot(graph, boxes, at) ?? commands.slotHere());
      }}
      onNodeClick={chooseOne}
      onNodeDoubleClick={renameStep}
      colorMode={scheme}
      fitView
      fitViewOptions={FIT}
      minZoom={0.1}
      maxZoom={1.75}
      onlyRenderVisibleElements={many && near}
      nodeDragThreshold={3}
      connectionRadius={28}
      deleteKeyCode={null}
      selectionKeyCode="Shift"
      multiSelectionKeyCode={SEVERAL}
      disableKeyboardA11y={false}
      panOnScroll
      zoomOnDoubleClick={false}
      proOptions={PLAIN}
      className={far ? 'is-far' : ''}
      aria-label={t('canvas')}
      ariaLabelConfig={labels}
    >
      {STILL}
    </ReactFlow>
  );
}

/** Bring a block into view when it is not: chosen in the outline, by a finding, or just put there. */
function reveal(flow: ReturnType<typeof useReactFlow>, id: string): void {
  requestAnimationFrame(() => {
    const node = flow.getInternalNode(id);
    const pane = document.querySelector('.react-flow')?.getBoundingClientRect();
    if (!node || !pane) return;
    const { x, y } = node.internals.positionAbsolute;
    const width = node.measured.width ?? node.width ?? 0;
    const height = node.measured.height ?? node.height ?? 0;
    const from = flow.flowToScreenPosition({ x, y });
    const to = flow.flowToScreenPosition({ x: x + width, y: y + height });
    const seen =
      from.x >= pane.left && to.x <= pane.right && from.y >= pane.top && to.y + BELOW <= pane.bottom;
    if (!seen)
      void flow.setCenter(x + width / 2, y + Math.min(height, 200) / 2, {
        zoom: flow.getZoom(),
        duration: calm() ? 0 : 200,
      });
  });
}

function calm(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Room below a block for its "+". */
const BELOW = 90;

export function Canvas() {
  const mounted = useRef<HTMLDivElement>(null);
  return (
    <div className="canvas" ref={mounted}>
      <ReactFlowProvider>
        <Flow />
      </ReactFlowProvider>
    </div>
  );
}
