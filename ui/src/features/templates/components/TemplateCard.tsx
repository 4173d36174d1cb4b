import { Badge, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Card } from '../queries';
import classes from './TemplateCard.module.css';

/** What a template is, and whether everything that it needs is there. */
export function TemplateCard({ card, onLook }: { card: Card; onLook: () => void }) {
  const { t } = useTranslation('templates');
  const missing = card.connections.filter((each) => each.missing).map(({ title }) => title);
  return (
    <UnstyledButton className={classes.card} onClick={onLook}>
      <Stack gap={6} h="100%">
        <Group gap="sm" wrap="nowrap">
          <Text fz={24} lh={1} aria-hidden>
            {card.icon}
          </Text>
          <Stack gap={0} style={{ minWidth: 0 }}>
            <Text fw={600} truncate>
              {card.title}
            </Text>
            <Text fz="xs" c="dimmed">
              {t(`categories.${card.category}`)}
            </Text>
          </Stack>
        </Group>
        <Text fz="sm" c="dimmed" lineClamp={3} style={{ flex: 1 }}>
          {card.description}
        </Text>
        <Badge variant="light" color={missing.length ? 'gray' : 'teal'} tt="none" fw={500} maw="100%">
          {missing.length ? t('needs', { names: missing.join(', ') }) : t('ready')}
        </Badge>
      </Stack>
    </UnstyledButton>
  );
}
