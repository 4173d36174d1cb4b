import { Loader, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconClock, IconFlag, IconRepeat, IconX } from '@tabler/icons-react';
import { Handle, type NodeProps, Position } from '@xyflow/react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { useDefinition, useEditor } from '../components/EditorContext';
import { KindIcon, TriggerIcon } from '../components/KindIcon';
import { useStepFindings, useTriggerFindings } from '../components/useFindings';
import { own } from '../document/own';
import { useStatuses } from '../state/status';
import type { BlockNode } from './flow';

function Outs({ exits }: { exits: string[] }) {
  const outs = exits.length > 0 ? exits : ['out'];
  return (
    <>
      {outs.map((exit, index) => (
        <Handle
          key={exit}
          id={exit}
          type="source"
          position={Position.Bottom}
          style={{ left: `${((index + 1) / (outs.length + 1)) * 100}%` }}
        />
      ))}
      {exits.length > 0 && (
        <Handle id="out" type="source" position={Position.Bottom} className="block-hidden" />
      )}
      <Handle id="error" type="source" position={Position.Right} className="block-error" />
    </>
  );
}

const StepFace = memo(function StepFace({
  id,
  type,
  sentence,
}: {
  id: string;
  type: string;
  sentence?: string;
}) {
  const { actions } = useEditor();
  const findings = useStepFindings(id);
  return (
    <>
      <span className="block-icon">
        <KindIcon type={type} />
      </span>
      <span className="block-text">
        <span className="block-title">{actions.get(type)?.title ?? type}</span>
        <span className="block-name">{sentence ?? id}</span>
      </span>
      <Findings messages={findings} />
      <Status id={id} />
    </>
  );
});

function Findings({ messages }: { messages: string[] }) {
  if (messages.length === 0) return null;
  return (
    <Tooltip label={messages.slice(0, 3).join('\n')} multiline maw={300} style={{ whiteSpace: 'pre-line' }}>
      <span className="block-finding">
        <IconAlertTriangle size={15} aria-hidden />
        <span className="visually-hidden">{messages.join(' ')}</span>
      </span>
    </Tooltip>
  );
}

const MARKS = { success: IconCheck, failed: IconX, waiting: IconClock, unknown: IconAlertTriangle } as const;

function Status({ id }: { id: string }) {
  const { t } = useTranslation();
  const step = useStatuses(({ steps }) => own(steps, id));
  if (!step || step.status === 'pending') return null;
  const Mark = step.status in MARKS ? MARKS[step.status as keyof typeof MARKS] : null;
  const known = step.status === 'unknown' ? 'waiting' : (step.status as 'success');
  return (
    <span className={`block-status is-${step.status}`} data-status={step.status} role="status">
      {step.status === 'running' ? <Loader size={12} aria-hidden /> : Mark && <Mark size={13} aria-hidden />}
      {step.items > 1 && <span>{step.items}×</span>}
      {step.durationMs !== null && <Duration ms={step.durationMs} />}
      <span className="visually-hidden">{t(`status.${known}`)}</span>
    </span>
  );
}

function useRing(id: string): string {
  return useStatuses(({ steps }) => {
    const step = own(steps, id);
    return step ? ` is-${step.status}` : '';
  });
}

export const StepBlock = memo(function StepBlock({ id, data, selected }: NodeProps<BlockNode>) {
  const ring = useRing(id);
  return (
    <div className={`block${selected ? ' is-selected' : ''}${ring}`}>
      <Handle id="in" type="target" position={Position.Top} />
      <StepFace id={id} type={data.step?.type ?? ''} sentence={id} />
      <Outs exits={data.exits} />
    </div>
  );
});

export const LoopBlock = memo(function LoopBlock({ id, data, selected }: NodeProps<BlockNode>) {
  const ring = useRing(id);
  return (
    <div className={`block-loop${selected ? ' is-selected' : ''}${ring}`}>
      <Handle id="in" type="target" position={Position.Top} />
      <div className="block-loop-head">
        <IconRepeat size={14} aria-hidden className="block-loop-mark" />
        <StepFace id={id} type={data.step?.type ?? ''} sentence={id} />
      </div>
      <Outs exits={data.exits} />
    </div>
  );
});

export const TriggerBlock = memo(function TriggerBlock({ selected }: NodeProps<BlockNode>) {
  const { t } = useTranslation('editor');
  const { triggers } = useEditor();
  const type = useDefinition(({ trigger_type }) => trigger_type);
  const findings = useTriggerFindings();
  const kind = triggers.find(({ name }) => name === type);
  return (
    <div className={`block is-trigger${selected ? ' is-selected' : ''}`}>
      <span className="block-icon">
        <TriggerIcon type={type} />
      </span>
      <span className="block-text">
        <span className="block-title">{kind?.title ?? t('noTrigger')}</span>
        <span className="block-name">{t('trigger')}</span>
      </span>
      <Findings messages={findings} />
      <Handle id="out" type="source" position={Position.Bottom} />
    </div>
  );
});

export const FinishBlock = memo(function FinishBlock() {
  const { t } = useTranslation('editor');
  return (
    <div className="block-end">
      <Handle id="in" type="target" position={Position.Top} />
      <IconFlag size={13} aria-hidden />
      {t('outputBlock')}
    </div>
  );
});

export const StartDot = memo(function StartDot() {
  return (
    <div className="block-dot">
      <Handle id="out" type="source" position={Position.Bottom} />
    </div>
  );
});

export const EndDot = memo(function EndDot() {
  return (
    <div className="block-dot">
      <Handle id="in" type="target" position={Position.Top} />
    </div>
  );
});
