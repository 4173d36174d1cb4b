import { ActionIcon, SegmentedControl, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useDeferredValue, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { placeOf } from '../document/bodies';
import { TRIGGER } from '../graph/graph';
import { useView } from '../state/view';
import { AutomationSettings } from './AutomationSettings';
import { useDefinition, useEditor } from './EditorContext';
import { KindIcon, TriggerIcon } from './KindIcon';
import { StepConfig } from './StepConfig';
import { StepData } from './StepData';
import { StepInput } from './StepInput';
import { StepName } from './StepName';
import { StepOutput } from './StepOutput';
import { TriggerConfig } from './TriggerConfig';
import { TriggerSample } from './TriggerSample';

/** Beside the canvas, never above it: what is chosen, with what comes in, its config, and what comes out. */
export function Inspector() {
  const { t } = useTranslation('editor');
  const chosen = useView((view) => view.selected);
  const selected = useDeferredValue(chosen); // the mark on the block is seen first, a large form follows
  const { actions } = useEditor();
  const only = selected.length === 1 ? selected[0] : undefined;
  const isStep = useDefinition((definition) =>
    only === undefined ? false : placeOf(definition, only, actions) !== null,
  );
  if (selected.length > 1)
    return (
      <aside className="editor-inspector" aria-label={t('inspector')}>
        <div className="editor-scroll">
          <Text fz="sm">{t('manyChosen', { count: selected.length })}</Text>
        </div>
      </aside>
    );
  if (only === TRIGGER) return <TriggerInspector />;
  if (only !== undefined && isStep) return <StepInspector key={only} id={only} />;
  if (selected !== chosen)
    return <aside className="editor-inspector" aria-label={t('inspector')} aria-busy />;
  return <AutomationSettings />;
}

const CLOSE = () => useView.getState().select([]);

function StepInspector({ id }: { id: string }) {
  const { t } = useTranslation('editor');
  const { actions } = useEditor();
  const type = useDefinition((definition) => placeOf(definition, id, actions)?.step.type ?? '');
  const tab = useView((view) => view.tab);
  const open = useView((view) => view.open);
  const scroll = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab begins at its top
  useEffect(() => {
    if (scroll.current) scroll.current.scrollTop = 0;
  }, [tab]);
  return (
    <aside className="editor-inspector" aria-label={t('inspectorOf', { name: id })} data-of={id}>
      <div className="editor-inspector-head">
        <span className="picker-icon">
          <KindIcon type={type} size={16} />
        </span>
        <StepName id={id} title={actions.get(type)?.title ?? type} />
        <ActionIcon variant="subtle" color="gray" ml="auto" aria-label={t('closeInspector')} onClick={CLOSE}>
          <IconX size={16} />
        </ActionIcon>
      </div>
      <SegmentedControl
        mx={14}
        size="xs"
        value={tab}
        onChange={(value) => open(value as 'config')}
        aria-label={t('inspector')}
        data={[
          { value: 'input', label: t('tabInput') },
          { value: 'config', label: t('tabConfig') },
          { value: 'output', label: t('tabOutput') },
        ]}
      />
      <div className="editor-scroll" ref={scroll}>
        {tab === 'input' && <StepInput id={id} />}
        {tab === 'config' && <StepConfig id={id} />}
        {tab === 'output' && <StepOutput id={id} />}
      </div>
      {tab === 'config' && <StepData id={id} />}
    </aside>
  );
}

function TriggerInspector() {
  const { t } = useTranslation('editor');
  const tab = useView((view) => view.tab);
  const open = useView((view) => view.open);
  const type = useDefinition(({ trigger_type }) => trigger_type);
  return (
    <aside
      className="editor-inspector"
      aria-label={t('inspectorOf', { name: t('trigger') })}
      data-of={TRIGGER}
    >
      <div className="editor-inspector-head">
        <span className="picker-icon">
          <TriggerIcon type={type} size={16} />
        </span>
        <Text fw={600} fz="sm">
          {t('trigger')}
        </Text>
        <ActionIcon variant="subtle" color="gray" ml="auto" aria-label={t('closeInspector')} onClick={CLOSE}>
          <IconX size={16} />
        </ActionIcon>
      </div>
      <SegmentedControl
        mx={14}
        size="xs"
        value={tab === 'output' ? 'output' : 'config'}
        onChange={(value) => open(value as 'config')}
        aria-label={t('inspector')}
        data={[
          { value: 'config', label: t('tabConfig') },
          { value: 'output', label: t('tabSample') },
        ]}
      />
      <div className="editor-scroll">{tab === 'output' ? <TriggerSample /> : <TriggerConfig />}</div>
    </aside>
  );
}
