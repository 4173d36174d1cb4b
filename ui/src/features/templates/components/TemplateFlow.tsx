import { Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ReadOnlyGraph } from '~/features/graph/ReadOnlyGraph';
import type { Template } from '../queries';
import { StepsInWords } from './StepsInWords';
import { roomsOf, sentence } from './words';

const VIEWS = ['graph', 'words'] as const;
const ROW = 102;
const TALLEST = 440;

/** What it does: its automations as graphs, or told in words. */
export function TemplateFlow({ template }: { template: Template }) {
  const { t } = useTranslation('templates');
  const [view, setView] = useState<(typeof VIEWS)[number]>('graph');
  const rooms = roomsOf(template);
  // An agent without automations of its own answers where it is spoken to.
  const answering = {
    name: 'answer',
    trigger: t('answers', { channels: rooms.join(', ') }),
    actions: [
      { id: 'answer', type: 'agent' },
      { id: 'reply', type: 'channel' },
    ],
    sentences: { answer: t('thinks'), reply: t('replies') },
  };
  const drawn = template.preview.map((each) => ({
    name: each.name,
    trigger: sentence(each.trigger_sentence ?? each.trigger_type ?? ''),
    actions: each.actions,
    sentences: Object.fromEntries(
      Object.entries(each.step_sentences).map(([id, text]) => [id, sentence(text)]),
    ),
  }));
  return (
    <Stack gap="xs">
      <Group justify="flex-end">
        <SegmentedControl
          size="xs"
          aria-label={t('shownAs')}
          value={view}
          onChange={(next) => setView(next === 'words' ? 'words' : 'graph')}
          data={VIEWS.map((value) => ({ value, label: t(`view.${value}`) }))}
        />
      </Group>
      {view === 'words' && <StepsInWords template={template} />}
      {view === 'graph' &&
        (drawn.length > 0 ? drawn : [answering]).map(({ name, trigger, actions, sentences }) => (
          <Stack key={name} gap={4}>
            {drawn.length > 1 && (
              <Text fz="sm" fw={500}>
                {name}
              </Text>
            )}
            <ReadOnlyGraph
              trigger={trigger}
              actions={actions}
              sentences={sentences}
              height={Math.min(TALLEST, 70 + ROW * actions.length)}
            />
          </Stack>
        ))}
    </Stack>
  );
}
