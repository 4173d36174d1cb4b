import { Badge, Group, Paper, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { components } from '~/api/schema';
import { catalogQuery } from '~/features/catalog/queries';
import { SchemaForm } from '~/forms/SchemaForm';
import { ApprovalFields } from '../components/ApprovalFields';
import type { Tool } from '../draft';
import type { StepProps } from './props';

type Kind = components['schemas']['AgentToolView'];
const FIRST = ['send_email', 'drive', 'http'];

/** The catalogue's tools, those that most agents need first. */
export function inOrder(kinds: Kind[]): Kind[] {
  const rank = ({ name }: Kind) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return kinds.toSorted((a, b) => rank(a) - rank(b));
}

/** What it may do; what a tool reaches is fixed here, and not by the model. */
export function ToolsStep({ draft, change, errors }: StepProps) {
  const { t } = useTranslation('agents');
  const kinds = inOrder(useQuery(catalogQuery()).data?.tools ?? []);
  const put = (name: string, next: Tool | null) => {
    const others = draft.tools.filter(({ tool }) => tool !== name);
    const at = draft.tools.findIndex(({ tool }) => tool === name);
    if (!next) change({ tools: others });
    else change({ tools: at < 0 ? [...others, next] : draft.tools.with(at, next) });
  };
  return (
    <Stack gap="xs">
      <Text fz="sm" c="dimmed">
        {t('tools.hint')}
      </Text>
      {kinds.map((kind) => {
        const at = draft.tools.findIndex(({ tool }) => tool === kind.name);
        return (
          <ToolCard
            key={kind.name}
            kind={kind}
            tool={at < 0 ? null : (draft.tools[at] ?? null)}
            findings={Object.entries(errors)
              .filter(([place]) => place.startsWith(`tools[${at}].`))
              .map(([place, message]) => ({
                at: place.replace(/^tools\[\d+\]\.(?:settings\.)?/, ''),
                message,
              }))}
            onChange={(next) => put(kind.name, next)}
          />
        );
      })}
    </Stack>
  );
}

interface CardProps {
  kind: Kind;
  tool: Tool | null;
  findings: { at: string; message: string }[];
  onChange: (next: Tool | null) => void;
}

function ToolCard({ kind, tool, findings, onChange }: CardProps) {
  const { t } = useTranslation('agents');
  const arguments_ = Object.keys((kind.arguments_schema?.properties ?? {}) as Record<string, unknown>);
  const elsewhere = findings.filter(
    ({ at }) => !(at.split(/[.[]/)[0] ?? '').match(/^[a-z_]+$/) || at === 'settings',
  );
  return (
    <Paper withBorder p="sm" radius="md">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Switch
          label={kind.title}
          description={kind.description}
          checked={tool !== null}
          onChange={(event) =>
            onChange(
              event.currentTarget.checked ? { tool: kind.name, settings: {}, approval: 'never' } : null,
            )
          }
        />
        {kind.sends_out && (
          <Badge variant="light" color="gray" tt="none" fw={500} style={{ flexShrink: 0 }}>
            {t('tools.sendsOut')}
          </Badge>
        )}
      </Group>
      {tool && (
        <Stack gap="sm" mt="sm" pl={{ base: 0, xs: 48 }}>
          <SchemaForm
            schema={kind.settings_schema}
            value={tool.settings ?? {}}
            findings={findings}
            onChange={(settings) => onChange({ ...tool, settings })}
          />
          <ApprovalFields
            names={arguments_}
            approval={tool.approval}
            onChange={(approval) => onChange({ ...tool, approval })}
          />
          {elsewhere.map(({ message }) => (
            <Text key={message} fz="xs" c="red">
              {message}
            </Text>
          ))}
        </Stack>
      )}
    </Paper>
  );
}
