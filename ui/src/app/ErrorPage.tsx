import { Button, Code, Container, Stack, Text } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api/problem';
import { PageHeader } from '~/design/PageHeader';

/** What is shown in place of a page that broke. */
export function ErrorPage({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation('app');
  const router = useRouter();
  const known = error instanceof Problem;
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Container size="sm" py="xl">
      <PageHeader title={t('error.title')} description={known ? error.message : t('error.text')} />
      <Stack align="flex-start">
        {known && error.requestId && (
          <Text fz="sm">
            {t('error.request')} <Code>{error.requestId}</Code>
          </Text>
        )}
        <Button onClick={again}>{t('tryAgain')}</Button>
      </Stack>
    </Container>
  );
}
