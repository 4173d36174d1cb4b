import { Box, Button, Checkbox, Group, Kbd, SegmentedControl, Stack, Text } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { IconChecklist } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { ApprovalDetail } from '../components/ApprovalDetail';
import { BulkBar, isSimple } from '../components/BulkBar';
import { Deadline } from '../components/Deadline';
import { DECISION_KEYS, type DecisionHandle } from '../components/Decision';
import { type Approval, approvalsQuery, INBOXES, type Inbox } from '../queries';
import '../components/approvals.css';

const route = getRouteApi('/inside/approvals');
const WORDS = {
  approve: 'approve',
  reject: 'reject',
  edit: 'edit',
  done: 'happened',
  repeat: 'again',
  cancel: 'endRun',
} as const;

export function ApprovalsPage() {
  const { t } = useTranslation('approvals');
  const { t: tApp } = useTranslation();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInfiniteQuery(approvalsQuery(filter));
  const items = list.data ?? [];
  const isWide = useMediaQuery('(min-width: 62em)', true, { getInitialValueInEffect: false });
  const decision = useRef<DecisionHandle>(null);
  const inbox = filter.inbox ?? 'mine';
  const index = items.findIndex((each) => each.id === filter.id);
  const chosen = filter.id ?? (isWide ? items[0]?.id : undefined);
  const shown = items.find((each) => each.id === chosen);
  const keys =
    shown?.state === 'pending' && shown.may_answer
      ? (Object.entries(DECISION_KEYS[shown.kind]) as [string, keyof typeof WORDS][])
      : [];
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const many = items.filter((each) => picked.has(each.id) && isSimple(each));
  const pick = (id: string) =>
    setPicked(
      (before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]),
    );
  const look = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, id }), replace: true });
  const move = (by: number) => {
    const at = Math.max(0, index) + (filter.id ? by : 0);
    look(items[Math.min(items.length - 1, Math.max(0, at))]?.id);
  };
  useHotkeys([
    ['j', () => move(1)],
    ['k', () => move(-1)],
    ...['a', 'd', 'e', 'r', 'x'].map((key): [string, () => void] => [
      key,
      () => decision.current?.press(key),
    ]),
  ]);
  const next = () => {
    const at = items.findIndex((each) => each.id === chosen);
    look((items[at + 1] ?? items[at - 1])?.id);
  };
  return (
    <>
      <PageHeader
        title={t('title')}
        description={filter.run_id ? t('ofOneRun') : undefined}
        actions={
          <SegmentedControl
            size="xs"
            aria-label={t('which')}
            value={inbox}
            onChange={(value) =>
              void navigate({
                search: { inbox: value === 'mine' ? undefined : (value as Inbox), run_id: filter.run_id },
              })
            }
            data={INBOXES.map((value) => ({ value, label: t(`inboxes.${value}`) }))}
          />
        }
      />
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={items.length === 0 && !filter.id}
        empty={
          <EmptyState icon={IconChecklist} title={t(`empty.${inbox}`)} text={t('emptyText')}>
            {filter.run_id ? (
              <ButtonLink variant="default" to="/approvals">
                {t('showAll')}
              </ButtonLink>
            ) : (
              <ButtonLink variant="default" to="/automations">
                {t('toAutomations')}
              </ButtonLink>
            )}
          </EmptyState>
        }
      >
        <div className="inbox">
          {(isWide || !chosen) && (
            <Stack gap={4} component="nav" aria-label={t('title')}>
              {many.length > 0 && <BulkBar chosen={many} onDone={() => setPicked(new Set())} />}
              {items.map((each) => (
                <InboxRow
                  key={each.id}
                  approval={each}
                  isChosen={each.id === chosen}
                  onChoose={() => look(each.id)}
                  isPicked={picked.has(each.id)}
                  onPick={isSimple(each) && items.length > 1 ? () => pick(each.id) : undefined}
                />
              ))}
              {list.hasNextPage && (
                <Button
                  variant="default"
                  size="xs"
                  loading={list.isFetchingNextPage}
                  onClick={() => void list.fetchNextPage()}
                >
                  {tApp('more')}
                </Button>
              )}
            </Stack>
          )}
          {chosen && (
            <div>
              {!isWide && (
                <Button variant="subtle" size="compact-sm" mb="xs" onClick={() => look(undefined)}>
                  {t('back')}
                </Button>
              )}
              <ApprovalDetail key={chosen} id={chosen} ref={decision} onAnswered={next} />
              <Group gap="md" mt="sm" visibleFrom="sm">
                <Text fz="xs" c="dimmed">
                  <Kbd size="xs">J</Kbd> <Kbd size="xs">K</Kbd> {t('moves')}
                </Text>
                {keys.map(([key, what]) => (
                  <Text key={key} fz="xs" c="dimmed">
                    <Kbd size="xs">{key.toUpperCase()}</Kbd> {t(WORDS[what])}
                  </Text>
                ))}
                {keys.length > 0 && (
                  <Text fz="xs" c="dimmed">
                    <Kbd size="xs">Enter</Kbd> {t('confirms')}
                  </Text>
                )}
              </Group>
            </div>
          )}
        </div>
      </ListState>
    </>
  );
}

function InboxRow({
  approval,
  isChosen,
  onChoose,
  isPicked,
  onPick,
}: {
  approval: Approval;
  isChosen: boolean;
  onChoose: () => void;
  isPicked: boolean;
  /** Where it can be answered together with others. */
  onPick?: () => void;
}) {
  const { t } = useTranslation('approvals');
  return (
    <div className="inbox-line">
      {onPick && (
        <Checkbox
          size="xs"
          className="inbox-pick"
          aria-label={t('pick', { message: approval.message })}
          checked={isPicked}
          onChange={onPick}
        />
      )}
      <button type="button" className="inbox-row" aria-current={isChosen || undefined} onClick={onChoose}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Text fz="xs" c="dimmed" truncate>
            {approval.automation_name}
          </Text>
          <Text fz="xs" c="dimmed" style={{ flexShrink: 0 }}>
            <When at={approval.created_at} />
          </Text>
        </Group>
        <Text fz="sm" fw={500} lineClamp={2}>
          {approval.message}
        </Text>
        {approval.state === 'pending' ? (
          <Deadline question={approval} />
        ) : (
          <Box mt={4}>
            <StatusBadge status={approval.state} />
          </Box>
        )}
      </button>
    </div>
  );
}
