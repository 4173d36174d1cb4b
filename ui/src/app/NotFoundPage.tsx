import { Container } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Container size="sm" py="xl">
      <PageHeader title={t('notFound.title')} description={t('notFound.text')} />
      <ButtonLink to="/automations">{t('notFound.home')}</ButtonLink>
    </Container>
  );
}
