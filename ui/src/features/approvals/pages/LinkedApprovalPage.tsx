import { Alert, Skeleton, Stack, Text } from '@mantine/core';
import { IconClockX, IconLinkOff } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { Problem } from '~/api/problem';
import { isExpected } from '~/api/session';
import { EmptyState } from '~/design/EmptyState';
import { LoadError } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { Deadline } from '../components/Deadline';
import { Decision } from '../components/Decision';
import { approvalKeys, linkedApprovalQuery, type Reply } from '../queries';

const route = getRouteApi('/outside/approvals/$token');

/** A question as whoever holds its signed link sees it, without an account. Looking decides nothing. */
export function LinkedApprovalPage() {
  const { t } = useTranslation('approvals');
  const { token } = route.useParams();
  const { data, error, refetch } = useQuery(linkedApprovalQuery(token));
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: (reply: Reply) =>
      answer(api.POST('/api/approvals/by-token/{token}', { params: { path: { token } }, body: reply })),
    // somebody was quicker, or the link is over: the page says so
    onError: (problem) => {
      if (problem instanceof Problem && [403, 409, 410].includes(problem.status))
        void client.invalidateQueries({ queryKey: approvalKeys.all });
    },
  });
  if (error instanceof Problem && [403, 404, 409, 410].includes(error.status)) {
    const isGone = error.status === 410 || error.status === 409;
    return (
      <EmptyState
        icon={isGone ? IconClockX : IconLinkOff}
        title={t(isGone ? 'linkOver' : 'linkWrong')}
        text={error.message}
      >
        <ButtonLink to="/approvals" variant="light" mt="sm">
          {t(isExpected() ? 'toInbox' : 'signInToInbox')}
        </ButtonLink>
      </EmptyState>
    );
  }
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={220} />;
  const told = decide.data?.state ?? (data.state === 'pending' ? null : data.state);
  return (
    <>
      <PageHeader title={data.message} description={`${data.automation_name} · ${data.step_id}`} />
      {told ? (
        <Alert color={told === 'approved' || told === 'done' ? 'teal' : 'gray'} variant="light" role="status">
          {t(`outcome.${told}`)}
        </Alert>
      ) : (
        <Stack gap="md">
          <Text fz="sm" c="dimmed">
            {data.recipient.includes('@') && t('answersAs', { who: data.recipient })}{' '}
            <Deadline question={data} />
            {!data.deadline && (
              <>
                {' '}
                {t('linkUntil')} <When at={data.expires_at} />
              </>
            )}
          </Text>
          <Decision
            question={data}
            isPending={decide.isPending}
            error={decide.error}
            onAnswer={(reply) => decide.mutate(reply)}
          />
        </Stack>
      )}
    </>
  );
}
