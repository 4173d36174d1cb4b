import { Button, Text } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useId, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { SampleTree } from '~/forms/expressions/SampleTree';
import { TRIGGER } from '../graph/graph';
import { useSamples } from '../state/samples';
import { contextOf, knownOf } from '../state/suggestions';
import { useView } from '../state/view';
import { useDefinition, useEditor } from './EditorContext';
import { SampleSource } from './SampleSource';

const FOLDED = ['trigger.headers', 'trigger.query', 'previous', 'automation'];

/** What the step can read, as the sample has it: each value is dragged into a field, or clicked for the last one. */
export function StepTree({ id }: { id: string }) {
  const { t } = useTranslation('editor');
  const { actions } = useEditor();
  const definition = useDefinition((whole) => whole);
  const samples = useSamples();
  const known = useMemo(
    () => knownOf(contextOf(definition, id, samples, actions)),
    [definition, id, samples, actions],
  );
  if (samples.data === undefined && Object.keys(samples.outputs).length === 0) {
    return (
      <>
        <Text fz="xs" c="dimmed" mb={6}>
          {t('sampleNone')}
        </Text>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => {
            useView.getState().select([TRIGGER]);
            useView.getState().open('output');
          }}
        >
          {t('giveSample')}
        </Button>
      </>
    );
  }
  return <SampleTree sample={known} folded={FOLDED} />;
}

/** The same below the form, so that values are dragged from there. */
export function StepData({ id }: { id: string }) {
  const { t } = useTranslation('editor');
  const [open, setOpen] = useLocalStorage({ key: 'vutler.editor.data', defaultValue: true });
  const body = useId();
  const Icon = open ? IconChevronDown : IconChevronUp;
  return (
    <section className="editor-data" aria-label={t('data')} data-open={open || undefined}>
      <button
        type="button"
        className="editor-data-head"
        aria-expanded={open}
        aria-controls={body}
        onClick={() => setOpen(!open)}
      >
        <Icon size={14} aria-hidden />
        <span>{t('data')}</span>
        <span className="editor-data-hint">{t('dataHint')}</span>
      </button>
      <div id={body} hidden={!open} className="editor-data-body">
        {open && (
          <>
            <StepTree id={id} />
            <SampleSource quiet />
          </>
        )}
      </div>
    </section>
  );
}
