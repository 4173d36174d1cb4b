import { Stack, Text, Textarea, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { SchemaForm } from '~/forms/SchemaForm';
import { languageQuery } from '../queries';
import { useFindingsStore, within } from '../state/findings';
import { useDefinition, useSaving } from './EditorContext';
import { part } from './StepConfig';
import { useCommands } from './useCommands';

/** What concerns the whole automation: shown while no step is chosen. */
export function AutomationSettings() {
  const { t } = useTranslation('editor');
  const commands = useCommands();
  const description = useDefinition((definition) => definition.description);
  const policy = useDefinition((definition) => definition.policy);
  const sentence = useSaving(({ detail }) => detail.sentence);
  const { data: language } = useQuery(languageQuery());
  const schema = useMemo(() => part(language, 'Policy', []), [language]);
  const all = useFindingsStore((state) => state.all);
  const findings = all.flatMap((finding) => {
    const at = within(finding.at, 'policy');
    return at === null ? [] : [{ ...finding, at }];
  });
  return (
    <aside className="editor-inspector" aria-label={t('settings')}>
      <div className="editor-scroll">
        <Stack gap="md">
          <Title order={2} fz="sm">
            {t('settings')}
          </Title>
          {sentence && (
            <Text fz="sm" c="dimmed">
              {sentence}
            </Text>
          )}
          <Textarea
            label={t('description')}
            autosize
            minRows={2}
            maxRows={8}
            maxLength={5000}
            value={description ?? ''}
            onChange={(event) =>
              commands.setPart({ description: event.currentTarget.value || null }, t('did.description'))
            }
          />
          {schema && (
            <SchemaForm
              schema={schema}
              value={policy}
              onChange={(next) => commands.setPart({ policy: next }, t('did.policy'))}
              findings={findings}
              expressions={false}
              idPrefix="policy"
            />
          )}
        </Stack>
      </div>
    </aside>
  );
}
