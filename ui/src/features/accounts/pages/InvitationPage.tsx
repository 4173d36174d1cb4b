import { Alert, Button, Skeleton, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { Problem } from '~/api/problem';
import { chooseWorkspace, renew } from '~/api/session';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { done } from '~/design/toast';
import { invitationQuery } from '../queries';

const route = getRouteApi('/outside/invitations/$token');

export function InvitationPage() {
  const { t } = useTranslation('accounts');
  const { token } = route.useParams();
  const navigate = useNavigate();
  const client = useQueryClient();
  const session = useQuery({ queryKey: ['accounts', 'session'], queryFn: renew, retry: false });
  const accept = useMutation({
    mutationFn: (_workspace: string) =>
      answer(api.POST('/api/invitations/{token}/accept', { params: { path: { token } } })),
    onSuccess: async ({ workspace_id }, workspace) => {
      await client.invalidateQueries();
      chooseWorkspace(workspace_id);
      done(t('joined', { workspace }));
      void navigate({ to: '/automations' });
    },
  });
  // What was taken is not asked for again.
  const offer = useQuery({ ...invitationQuery(token), enabled: accept.isIdle || accept.isError });
  if (offer.isPending || session.isPending) return <Skeleton height={160} />;
  if (offer.error instanceof Problem && [404, 410].includes(offer.error.status)) {
    return (
      <Stack gap="sm">
        <PageHeader title={t(offer.error.status === 410 ? 'invitationOver' : 'invitationWrong')} />
        <Text fz="sm">{offer.error.message}</Text>
        <ButtonLink to="/automations" variant="default">
          {t('toVutler')}
        </ButtonLink>
      </Stack>
    );
  }
  const error = offer.error ?? accept.error;
  return (
    <Stack gap="sm">
      <PageHeader title={t('invitationTitle')} />
      {error && (
        <Alert color="red" variant="light" role="alert">
          {error.message}
        </Alert>
      )}
      {offer.data && (
        <>
          <Text fz="sm">
            {t('invitationText', {
              workspace: offer.data.workspace_name,
              email: offer.data.email,
              role: t(`roles.${offer.data.role}`),
            })}
          </Text>
          {session.data?.state === 'signed-in' ? (
            <Button loading={accept.isPending} onClick={() => accept.mutate(offer.data.workspace_name)}>
              {t('accept')}
            </Button>
          ) : (
            <>
              <ButtonLink to="/register" search={{ invitation: token }}>
                {t('register')}
              </ButtonLink>
              <ButtonLink to="/login" search={{ invitation: token }} variant="default">
                {t('signIn')}
              </ButtonLink>
            </>
          )}
        </>
      )}
    </Stack>
  );
}
