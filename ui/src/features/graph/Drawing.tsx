import { useComputedColorScheme, VisuallyHidden } from '@mantine/core';
import {
  Background,
  Controls,
  type Edge,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import './graph.css';
import { createContext, memo, useContext, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { place, TRIGGER } from './layout';
import { outline } from './outline';
import type { GraphProps } from './ReadOnlyGraph';
import { StepStates, useStepState } from './states';

const FITS = 40; // steps that are shown all at once

interface Context {
  states: StepStates;
  selected: string | null;
  onSelect?: (stepId: string) => void;
}
const GraphContext = createContext<Context>({ states: new StepStates(), selected: null });

type StepNode = Node<{ name: string; type: string; text: string; isLoop: boolean; isTrigger: boolean }>;

const Block = memo(function Block({ id, data }: NodeProps<StepNode>) {
  const { t } = useTranslation('graph');
  const { t: tApp } = useTranslation();
  const { states, selected, onSelect } = useContext(GraphContext);
  const state = useStepState(states, id);
  const status = state?.status;
  const known = status as 'success' | undefined;
  return (
    <div className="graph-block" data-status={status} data-loop={data.isLoop} data-selected={selected === id}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <button
        type="button"
        className="graph-face nodrag"
        disabled={data.isTrigger || !onSelect}
        onClick={() => onSelect?.(id)}
        aria-pressed={onSelect && !data.isTrigger ? selected === id : undefined}
      >
        <span className="graph-top">
          <span className="graph-name">{data.isTrigger ? t('trigger') : data.name}</span>
          {status && <span className="graph-dot" aria-hidden />}
          {state?.duration_ms != null && (
            <span className="graph-time">
              <Duration ms={state.duration_ms} />
            </span>
          )}
        </span>
        <span className="graph-text">{state?.note ?? data.text} </span>
        {known && <VisuallyHidden>{tApp(`status.${known}`)}</VisuallyHidden>}
      </button>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
});

const NODE_TYPES = { block: Block };

export function Drawing({ actions, trigger, sentences, states, selected, onSelect, height }: GraphProps) {
  const { t } = useTranslation('graph');
  const scheme = useComputedColorScheme('light');
  const { nodes, edges } = useMemo(() => {
    const layout = place(outline(actions));
    const drawn: StepNode[] = layout.nodes.map((each) => ({
      id: each.id,
      type: 'block',
      position: { x: each.x, y: each.y },
      width: each.width,
      height: each.height,
      parentId: each.parent ?? undefined,
      data: {
        name: each.id,
        type: each.step?.type ?? '',
        text: each.id === TRIGGER ? trigger : (sentences?.[each.id] ?? each.step?.type ?? ''),
        isLoop: (each.step?.inner.length ?? 0) > 0,
        isTrigger: each.id === TRIGGER,
      },
    }));
    const lines: Edge[] = layout.lines.map((line) => ({
      id: line.id,
      source: line.from,
      target: line.to,
      label: line.label === 'error' ? t('onError') : (line.label ?? undefined),
      type: 'smoothstep',
      focusable: false,
    }));
    return { nodes: drawn, edges: lines };
  }, [actions, trigger, sentences, t]);
  const own = useMemo(() => new StepStates(), []);
  const context = useMemo(
    () => ({ states: states ?? own, selected: selected ?? null, onSelect }),
    [states, own, selected, onSelect],
  );
  const fits = nodes.length <= FITS;
  return (
    <section className="graph" style={{ height }} aria-label={t('label')}>
      <GraphContext.Provider value={context}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          colorMode={scheme}
          fitView
          fitViewOptions={{
            maxZoom: 1,
            padding: 0.12,
            nodes: fits ? undefined : nodes.slice(0, 10).map(({ id }) => ({ id })),
          }}
          minZoom={0.15}
          maxZoom={1.5}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          onlyRenderVisibleElements={!fits}
          preventScrolling={false}
          zoomOnScroll={false}
          panOnScroll={false}
          ariaLabelConfig={{
            'controls.ariaLabel': t('controls'),
            'controls.zoomIn.ariaLabel': t('zoomIn'),
            'controls.zoomOut.ariaLabel': t('zoomOut'),
            'controls.fitView.ariaLabel': t('fit'),
          }}
        >
          <Background gap={18} size={1} />
          <Controls showInteractive={false} />
        </ReactFlow>
      </GraphContext.Provider>
    </section>
  );
}
