import { Alert, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { AnchorLink } from '~/design/links';
import { OutsideForm } from '../components/OutsideForm';

const route = getRouteApi('/outside/verify/$token');

/** A button, not the mere visit, takes the link: mail scanners visit links too. */
export function VerifyPage() {
  const { t } = useTranslation('accounts');
  const { token } = route.useParams();
  const verify = useMutation({
    mutationFn: () => answer(api.POST('/api/auth/email/verify', { body: { token } })),
  });
  if (verify.isSuccess) {
    return (
      <Stack>
        <Alert color="teal" variant="light" role="status">
          {t('verified')}
        </Alert>
        <AnchorLink to="/" fz="sm" ta="center">
          {t('goOn')}
        </AnchorLink>
      </Stack>
    );
  }
  return (
    <OutsideForm
      title={t('verifyTitle')}
      description={t('verifyText')}
      submit={t('verify')}
      isPending={verify.isPending}
      error={verify.error}
      onSubmit={(event) => {
        event.preventDefault();
        verify.mutate();
      }}
    >
      {null}
    </OutsideForm>
  );
}
