import { Badge, Button, Collapse, Group, Paper, Select, Stack, Text, Title } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { components } from '~/api/schema';
import { NeededConnection } from '~/features/connections/components/NeededConnection';

type Need = components['schemas']['NeedView'];
type Chosen = Record<string, string | null>;
const WITHOUT = '';

interface Props {
  needs: Need[];
  chosen: Chosen;
  onChoose: (chosen: Chosen) => void;
}

/** The accounts that it works with: those that are there, and a form for each that is missing. */
export function Needs({ needs, chosen, onChoose }: Props) {
  const { t } = useTranslation('templates');
  return (
    <Stack gap="xs">
      <Title order={3}>{t('connections')}</Title>
      {needs.map((need) => (
        <NeedRow
          key={need.name}
          need={need}
          chosen={chosen[need.name]}
          onChoose={(id) => onChoose({ ...chosen, [need.name]: id })}
        />
      ))}
    </Stack>
  );
}

interface RowProps {
  need: Need;
  chosen: string | null | undefined;
  onChoose: (id: string | null) => void;
}

function NeedRow({ need, chosen, onChoose }: RowProps) {
  const { t } = useTranslation('templates');
  const [open, setOpen] = useState(false);
  const there = need.connections;
  const only = there.length === 1 ? there[0] : undefined;
  return (
    <Paper withBorder p="sm" radius="md">
      <Group justify="space-between" wrap="nowrap">
        <Stack gap={0} style={{ minWidth: 0 }}>
          <Group gap={6}>
            <Text fz="sm" fw={500}>
              {need.title}
            </Text>
            {need.missing && (
              <Badge variant="light" color="yellow" tt="none" fw={500}>
                {t('missing')}
              </Badge>
            )}
            {need.optional && (
              <Badge variant="light" color="gray" tt="none" fw={500}>
                {t('optional')}
              </Badge>
            )}
          </Group>
          <Text fz="xs" c="dimmed">
            {need.why}
          </Text>
        </Stack>
        {only && !need.optional ? (
          <Group gap={4} wrap="nowrap" c="dimmed">
            <IconCheck size={15} aria-hidden />
            <Text fz="sm" truncate>
              {only.name}
            </Text>
          </Group>
        ) : there.length > 0 ? (
          <Select
            aria-label={need.title}
            w={190}
            data={[
              ...there.map(({ id, name }) => ({ value: id, label: name })),
              ...(need.optional ? [{ value: WITHOUT, label: t('without') }] : []),
            ]}
            value={chosen === null ? WITHOUT : (chosen ?? there[0]?.id ?? null)}
            onChange={(id) => onChoose(id || null)}
            allowDeselect={false}
          />
        ) : (
          <Button
            size="xs"
            variant="default"
            style={{ flexShrink: 0 }}
            onClick={() => setOpen(!open)}
            aria-expanded={open}
          >
            {open ? t('close') : t('connect')}
          </Button>
        )}
      </Group>
      <Collapse expanded={open && there.length === 0}>
        <Stack pt="sm">
          {open && (
            <NeededConnection
              kinds={need.kinds}
              onCreated={({ id }) => {
                setOpen(false);
                onChoose(id);
              }}
            />
          )}
        </Stack>
      </Collapse>
    </Paper>
  );
}
