import { Accordion, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { type JsonSchema, SchemaForm } from '~/forms/SchemaForm';
import { placeOf } from '../document/bodies';
import { containsOf } from '../document/kinds';
import { languageQuery } from '../queries';
import { within } from '../state/findings';
import { useSamples } from '../state/samples';
import { contextOf, suggestionsOf } from '../state/suggestions';
import { useView } from '../state/view';
import { useDefinition, useEditor } from './EditorContext';
import { StepNeeds } from './StepNeeds';
import { useCommands } from './useCommands';
import { useFindingsAt } from './useFindings';

const OWN = ['id', 'type', 'config', 'needs', 'join'];

/** A step's config as the form of its action's schema, and below what every step has. */
export function StepConfig({ id }: { id: string }) {
  const { t } = useTranslation('editor');
  const { actions } = useEditor();
  const commands = useCommands();
  const definition = useDefinition((whole) => whole);
  const samples = useSamples();
  const findings = useFindingsAt(id);
  const { data: language } = useQuery(languageQuery());
  const step = placeOf(definition, id, actions)?.step;
  const action = actions.get(step?.type ?? '');
  const contains = step ? containsOf(step, actions) : null;
  const expressions = useMemo(
    () => ({
      sample: contextOf(definition, id, samples, actions),
      paths: suggestionsOf(definition, id, samples, actions),
    }),
    [definition, id, samples, actions],
  );
  const schema = useMemo(() => without(action?.input_schema, contains ? [contains] : []), [action, contains]);
  const settings = useMemo(() => part(language, 'Step', OWN), [language]);
  useFindingFocus(id);
  if (!step) return null;
  if (!action)
    return (
      <Text fz="sm" c="var(--mantine-color-error)">
        {t('unknownAction', { name: step.type })}
      </Text>
    );
  const ofConfig = findings.flatMap((finding) => {
    const at = within(finding.at, 'config');
    return at === null ? [] : [{ ...finding, at }];
  });
  const others = findings.filter(({ at }) => within(at, 'config') === null);
  const inner = contains === null ? {} : { [contains]: step.config[contains] };
  const config = Object.fromEntries(Object.entries(step.config).filter(([name]) => name !== contains));
  const common = Object.fromEntries(Object.entries(step).filter(([name]) => !OWN.includes(name)));
  return (
    <Stack gap="md">
      <Text fz="xs" c="dimmed">
        {action.description}
      </Text>
      <SchemaForm
        schema={schema}
        value={config}
        onChange={(next) => commands.setConfig(id, { ...next, ...inner })}
        findings={ofConfig}
        expressions={expressions}
        idPrefix={`step-${id}`}
      />
      {others
        .filter(({ at }) => at === '' || at === 'id' || at === 'type')
        .map(({ at, message }) => (
          <Text key={at + message} fz="xs" c="var(--mantine-color-error)">
            {message}
          </Text>
        ))}
      <Accordion
        variant="separated"
        multiple
        defaultValue={others.some(({ at }) => at.startsWith('needs')) ? ['needs'] : []}
      >
        <Accordion.Item value="needs">
          <Accordion.Control>{t('whenItRuns')}</Accordion.Control>
          <Accordion.Panel>
            <StepNeeds id={id} findings={others.filter(({ at }) => at.startsWith('needs'))} />
          </Accordion.Panel>
        </Accordion.Item>
        <Accordion.Item value="settings">
          <Accordion.Control>{t('stepSettings')}</Accordion.Control>
          <Accordion.Panel>
            {settings && (
              <SchemaForm
                schema={settings}
                value={common}
                onChange={(next) => commands.setStep(id, next)}
                findings={others}
                expressions={false}
                idPrefix={`settings-${id}`}
              />
            )}
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Stack>
  );
}

/** A finding that was clicked leads to its field. */
function useFindingFocus(id: string): void {
  const field = useView((view) => (view.selected[0] === id ? view.field : null));
  useEffect(() => {
    if (field === null) return;
    const frame = requestAnimationFrame(() => {
      const form = document.querySelector('.editor-inspector');
      const there =
        document.getElementById(`step-${id}-${field}`) ?? form?.querySelector('[aria-invalid=true]');
      if (there instanceof HTMLElement) there.focus();
      useView.setState({ field: null });
    });
    return () => cancelAnimationFrame(frame);
  }, [field, id]);
}

/** A schema without some of its properties. */
export function without(schema: unknown, names: readonly string[]): JsonSchema {
  const whole = (schema ?? {}) as JsonSchema;
  const properties = (whole.properties ?? {}) as Record<string, unknown>;
  const required = Array.isArray(whole.required) ? whole.required : [];
  return {
    ...whole,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name))),
    required: required.filter((name: unknown) => !names.includes(String(name))),
  };
}

/** One model of the definition language, with the others that it refers to. */
export function part(language: unknown, name: string, left: readonly string[]): JsonSchema | null {
  const defs = (language as { $defs?: Record<string, unknown> } | undefined)?.$defs;
  const schema = defs?.[name];
  return schema ? { ...without(schema, left), $defs: defs } : null;
}
