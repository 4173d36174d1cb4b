import { Button, Chip, CloseButton, Drawer, Group, SimpleGrid, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { TemplateCard } from '../components/TemplateCard';
import { TemplateDetail } from '../components/TemplateDetail';
import { CATEGORIES, templatesQuery } from '../queries';
import { type TemplatesSearch, validateSearch } from '../routes';

const route = getRouteApi('/inside/admin/marketplace');
const TYPING_MS = 200;

/** Ready-made agents: look at one, deploy it, two clicks. */
export function MarketplacePage() {
  const { t } = useTranslation('templates');
  const { category, search, template } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, isPending, error, refetch } = useQuery(templatesQuery(category, search));
  const [typed, setTyped] = useState(search ?? '');
  const show = (change: Partial<Record<keyof TemplatesSearch, string | null>>, replace = true) =>
    void navigate({ search: (before) => validateSearch({ ...before, ...change }), replace });
  const searchLater = useDebouncedCallback((next: string) => show({ search: next }), TYPING_MS);
  const type = (next: string) => {
    setTyped(next);
    searchLater(next);
  };
  const items = data?.items ?? [];
  const looked = items.find(({ slug }) => slug === template);
  return (
    <>
      <PageHeader title={t('title')} description={t('description')} />
      <Group mb="md" gap="sm" role="search">
        <TextInput
          aria-label={t('search')}
          placeholder={t('search')}
          leftSection={<IconSearch size={15} aria-hidden />}
          rightSection={
            typed && <CloseButton size="sm" aria-label={t('forgetSearch')} onClick={() => type('')} />
          }
          value={typed}
          onChange={(event) => type(event.currentTarget.value)}
          w={{ base: '100%', xs: 260 }}
        />
        <Chip.Group value={category ?? ''} onChange={(next) => show({ category: String(next) })}>
          <Group gap={6} role="radiogroup" aria-label={t('category')}>
            <Chip value="" size="xs" variant="light">
              {t('all')}
            </Chip>
            {CATEGORIES.map((each) => (
              <Chip key={each} value={each} size="xs" variant="light">
                {t(`categories.${each}`)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </Group>
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={
          <EmptyState icon={IconSearch} title={t('nothingTitle')} text={t('nothingText')}>
            <Button
              variant="default"
              onClick={() => {
                setTyped('');
                show({ search: null, category: null });
              }}
            >
              {t('showAll')}
            </Button>
          </EmptyState>
        }
      >
        <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="sm">
          {items.map((card) => (
            <TemplateCard key={card.slug} card={card} onLook={() => show({ template: card.slug }, false)} />
          ))}
        </SimpleGrid>
      </ListState>
      <Drawer
        opened={template !== undefined}
        onClose={() => show({ template: null })}
        position="right"
        size="lg"
        title={looked ? `${looked.icon} ${looked.title}` : t('title')}
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        {template && (
          <TemplateDetail key={template} slug={template} onDone={() => show({ template: null })} />
        )}
      </Drawer>
    </>
  );
}
