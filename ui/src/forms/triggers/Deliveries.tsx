import { ActionIcon, Badge, Group, Table, Text, Tooltip } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ListState } from '~/design/ListState';
import { AnchorLink } from '~/design/links';
import { done } from '~/design/toast';
import { When } from '~/design/When';
import { type Delivery, deliveriesQuery, useRedeliver } from './webhookQueries';

const COLORS: Record<Delivery['verdict'], string> = {
  accepted: 'teal',
  duplicate: 'gray',
  filtered: 'gray',
  refused: 'red',
  captured: 'indigo',
  confirmed: 'gray',
};

/** What arrived, what was decided of it and why; what became no run can be taken through the door again. */
export function Deliveries({ automationId, readOnly }: { automationId: string; readOnly: boolean }) {
  const { t } = useTranslation('forms');
  const { t: tApp } = useTranslation();
  const list = useQuery(deliveriesQuery(automationId));
  const redeliver = useRedeliver(automationId);
  const navigate = useNavigate();
  const again = (delivery: Delivery) =>
    redeliver.mutate(delivery.id, {
      onSuccess: ({ run_id, status }) => {
        if (run_id === null || status !== 'accepted') return done(t('webhook.verdicts.filtered'));
        done(t('webhook.redelivered'), {
          label: tApp('open'),
          act: () => void navigate({ to: '/automations/logs/$logId', params: { logId: run_id } }),
        });
      },
    });
  return (
    <ListState
      isPending={list.isPending}
      error={list.error}
      onRetry={() => void list.refetch()}
      isEmpty={list.data?.items.length === 0}
      empty={
        <Text fz="sm" c="dimmed">
          {t('webhook.nothingArrived')}
        </Text>
      }
    >
      <Table aria-label={t('webhook.deliveries')} verticalSpacing={4} horizontalSpacing={6} fz="xs">
        <Table.Tbody>
          {list.data?.items.map((each) => (
            <Table.Tr key={each.id}>
              <Table.Td>
                <Group gap={6} wrap="nowrap">
                  <Badge
                    variant="light"
                    color={COLORS[each.verdict]}
                    tt="none"
                    radius="sm"
                    size="sm"
                    autoContrast
                  >
                    {t(`webhook.verdicts.${each.verdict}`)}
                  </Badge>
                  <When at={each.received_at} />
                </Group>
                {each.detail && (
                  <Text fz="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                    {each.detail}
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right" w={110}>
                {each.run_id && (
                  <AnchorLink to="/automations/logs/$logId" params={{ logId: each.run_id }} fz="xs">
                    {t('webhook.toRun')}
                  </AnchorLink>
                )}
                {!readOnly && each.has_body && (
                  <Tooltip label={t('webhook.redeliver')}>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size="sm"
                      aria-label={t('webhook.redeliver')}
                      loading={redeliver.isPending && redeliver.variables === each.id}
                      onClick={() => again(each)}
                    >
                      <IconRefresh size={14} />
                    </ActionIcon>
                  </Tooltip>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ListState>
  );
}
