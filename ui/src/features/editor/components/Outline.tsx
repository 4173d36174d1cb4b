import { ActionIcon, Badge, Button, Text, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconArrowDown,
  IconArrowUp,
  IconPencil,
  IconPlus,
  IconTrash,
} from '@tabler/icons-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { StatusBadge } from '~/design/StatusBadge';
import { insideOf, placesOf } from '../document/bodies';
import type { Step } from '../document/definition';
import { slotAfter, slotAtEnd } from '../document/edit';
import { type Direction, slotTowards } from '../document/moving';
import { needOf } from '../document/needs';
import { own } from '../document/own';
import { TRIGGER } from '../graph/graph';
import { useStatuses } from '../state/status';
import { useView } from '../state/view';
import { useDefinition, useEditor } from './EditorContext';
import { focusInspector } from './focusInspector';
import { KindIcon, TriggerIcon } from './KindIcon';
import { useCommands } from './useCommands';
import { useStepFindings, useTriggerFindings } from './useFindings';

/** The same automation as a tree: everything that the canvas does, by keyboard and for screen readers. */
export function Outline() {
  const { t } = useTranslation('editor');
  const { actions, draft } = useEditor();
  const commands = useCommands();
  const steps = useDefinition((definition) => definition.actions);
  const selected = useView((view) => view.selected);
  const tree = useRef<HTMLDivElement>(null);
  const current = selected.at(-1) ?? TRIGGER;

  useEffect(() => {
    const here = tree.current;
    if (here?.contains(document.activeElement)) itemOf(here, current)?.focus();
  }, [current]);

  const order = () => [
    TRIGGER,
    ...Array.from(placesOf(draft.getState().definition, actions), ({ step }) => step.id),
  ];
  const choose = (id: string | undefined) => id !== undefined && useView.getState().select([id]);
  const addAfter = (id: string) => {
    const definition = draft.getState().definition;
    const first = definition.actions.find(({ needs }) => needs.length === 0);
    const start = { holder: null, from: null, to: first?.id ?? null };
    useView.getState().insertAt(id === TRIGGER ? start : slotAfter(definition, id, actions));
  };
  const move = (id: string, direction: Direction) => {
    const slot = slotTowards(draft.getState().definition, id, direction, actions);
    if (slot) commands.move(id, slot);
  };
  const press = (event: KeyboardEvent) => {
    if (!(event.target instanceof HTMLElement) || event.target.getAttribute('role') !== 'treeitem') return;
    const all = order();
    const at = all.indexOf(current);
    const moves: Record<string, Direction> = {
      ArrowUp: 'up',
      ArrowDown: 'down',
      ArrowRight: 'in',
      ArrowLeft: 'out',
    };
    const direction = moves[event.key];
    if (event.altKey && direction && current !== TRIGGER) move(current, direction);
    else if (event.key === 'ArrowDown') choose(all[at + 1]);
    else if (event.key === 'ArrowUp') choose(all[at - 1]);
    else if (event.key === 'Home') choose(all[0]);
    else if (event.key === 'End') choose(all.at(-1));
    else if (event.key === 'Enter') {
      choose(current);
      focusInspector();
    } else if (event.key === '+' || event.key === 'Insert') addAfter(current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const props = { current, addAfter, move };
  return (
    <div className="outline">
      <Text fz="xs" c="dimmed" mb="xs">
        {t('outlineHint')}
      </Text>
      <div role="tree" aria-label={t('outline')} ref={tree} onKeyDown={press}>
        <TriggerItem current={current} addAfter={addAfter} />
        {steps.map((step) => (
          <StepItem key={step.id} step={step} {...props} />
        ))}
      </div>
      {steps.length === 0 && (
        <Button
          mt="sm"
          size="xs"
          leftSection={<IconPlus size={14} />}
          onClick={() => useView.getState().insertAt(slotAtEnd(draft.getState().definition, null, actions))}
        >
          {t('addFirst')}
        </Button>
      )}
    </div>
  );
}

function itemOf(tree: HTMLElement, id: string): HTMLElement | null {
  return tree.querySelector(`[data-item="${CSS.escape(id)}"]`);
}

interface ItemProps {
  current: string;
  addAfter: (id: string) => void;
  move: (id: string, direction: Direction) => void;
}

interface FrameProps {
  id: string;
  current: string;
  row: ReactNode;
  children?: ReactNode;
}

function Item({ id, current, row, children }: FrameProps) {
  const chosen = current === id;
  const group = useId();
  return (
    <div role="none">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are read by the tree */}
      <div
        role="treeitem"
        aria-selected={chosen}
        aria-expanded={children ? true : undefined}
        aria-owns={children ? group : undefined}
        tabIndex={chosen ? 0 : -1}
        data-item={id}
        onClick={() => useView.getState().select([id])}
      >
        <div className="outline-row">{row}</div>
      </div>
      {children && (
        // biome-ignore lint/a11y/useSemanticElements: a group of a tree is no fieldset
        <div role="group" id={group} className="outline-group">
          {children}
        </div>
      )}
    </div>
  );
}

function TriggerItem({ current, addAfter }: Pick<ItemProps, 'current' | 'addAfter'>) {
  const { t } = useTranslation('editor');
  const { triggers } = useEditor();
  const type = useDefinition(({ trigger_type }) => trigger_type);
  const findings = useTriggerFindings();
  const title = triggers.find(({ name }) => name === type)?.title ?? t('noTrigger');
  return (
    <Item
      id={TRIGGER}
      current={current}
      row={
        <>
          <span className="picker-icon">
            <TriggerIcon type={type} size={16} />
          </span>
          <Text fz="sm" fw={600}>
            {title}
          </Text>
          <Warnings messages={findings} />
          {current === TRIGGER && (
            <span className="outline-tools">
              <Tool
                label={t('addAfter', { name: t('trigger') })}
                icon={IconPlus}
                act={() => addAfter(TRIGGER)}
              />
              <Tool label={t('editStep', { name: t('trigger') })} icon={IconPencil} act={focusInspector} />
            </span>
          )}
        </>
      }
    />
  );
}

function StepItem({ step, ...props }: ItemProps & { step: Step }) {
  const { t } = useTranslation('editor');
  const { actions } = useEditor();
  const commands = useCommands();
  const findings = useStepFindings(step.id);
  const status = useStatuses((state) => own(state.steps, step.id)?.status);
  const inside = insideOf(step, actions);
  const title = actions.get(step.type)?.title ?? step.type;
  const after = step.needs.map((text) => {
    const { id, exit } = needOf(text);
    return exit ? t(exit === 'error' ? 'afterError' : 'afterExit', { name: id, exit }) : id;
  });
  const { current, addAfter, move } = props;
  const behind = after.length > 0 ? t('after', { names: after.join(', ') }) : t('atStart');
  return (
    <Item
      id={step.id}
      current={current}
      row={
        <>
          <span className="picker-icon">
            <KindIcon type={step.type} size={16} />
          </span>
          <span style={{ minWidth: 0 }}>
            <Text fz="sm" fw={600} truncate>
              {title}
            </Text>
            <Text fz="xs" c="dimmed" truncate>
              <span style={{ fontFamily: 'var(--mantine-font-family-monospace)' }}>{step.id}</span>
              {' · '}
              {behind}
            </Text>
          </span>
          <Warnings messages={findings} />
          {status && status !== 'pending' && <StatusBadge status={status} />}
          {current === step.id && (
            <span className="outline-tools">
              <Tool label={t('addAfter', { name: step.id })} icon={IconPlus} act={() => addAfter(step.id)} />
              <Tool
                label={t('moveUp', { name: step.id })}
                icon={IconArrowUp}
                act={() => move(step.id, 'up')}
              />
              <Tool
                label={t('moveDown', { name: step.id })}
                icon={IconArrowDown}
                act={() => move(step.id, 'down')}
              />
              <Tool label={t('editStep', { name: step.id })} icon={IconPencil} act={focusInspector} />
              <Tool
                label={t('deleteStep', { name: step.id })}
                icon={IconTrash}
                act={() => commands.remove([step.id])}
              />
            </span>
          )}
        </>
      }
    >
      {inside && [
        ...inside.map((each) => <StepItem key={each.id} step={each} {...props} />),
        <div role="none" key="@add">
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconPlus size={13} />}
            onClick={() => {
              const last = inside.at(-1);
              const from = last ? { id: last.id, exit: commands.exits(last)[0] ?? '' } : null;
              useView.getState().insertAt({ holder: step.id, from, to: null });
            }}
          >
            {t('addInside', { name: step.id })}
          </Button>
        </div>,
      ]}
    </Item>
  );
}

function Tool({ label, icon: Icon, act }: { label: string; icon: typeof IconPlus; act: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={label}
        onClick={(event) => {
          event.stopPropagation();
          act();
        }}
      >
        <Icon size={15} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}

function Warnings({ messages }: { messages: string[] }) {
  if (messages.length === 0) return null;
  return (
    <Badge
      aria-hidden
      variant="light"
      color="yellow"
      radius="sm"
      leftSection={<IconAlertTriangle size={11} />}
    >
      {messages.length}
    </Badge>
  );
}
