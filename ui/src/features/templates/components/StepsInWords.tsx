import { Stack, Text, Timeline } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Template } from '../queries';
import { roomsOf, sentence } from './words';

function idOf(action: unknown): string {
  return typeof action === 'object' && action !== null && 'id' in action ? String(action.id) : '';
}

/** What starts it and what happens then, in order; or where the agent answers. */
export function StepsInWords({ template }: { template: Template }) {
  const { t } = useTranslation('templates');
  const shown = roomsOf(template);
  return (
    <Stack gap="sm">
      {shown.length > 0 && <Text fz="sm">{t('answers', { channels: shown.join(', ') })}</Text>}
      {template.preview.map((each) => {
        const steps = each.actions.map(idOf).map((id) => [id, each.step_sentences[id]] as const);
        return (
          <Timeline
            key={each.name}
            bulletSize={14}
            lineWidth={2}
            active={steps.length}
            styles={{ item: { marginTop: 10 } }}
          >
            <Timeline.Item>
              <Text fz="sm" fw={500}>
                {sentence(each.trigger_sentence ?? each.trigger_type)}
              </Text>
            </Timeline.Item>
            {steps.map(([id, said]) => (
              <Timeline.Item key={id}>
                <Text fz="sm">{sentence(said ?? id)}</Text>
              </Timeline.Item>
            ))}
          </Timeline>
        );
      })}
    </Stack>
  );
}
