import { Button, SimpleGrid, Stack } from '@mantine/core';
import { IconChevronLeft } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ListState } from '~/design/ListState';
import { TemplateCard } from '~/features/templates/components/TemplateCard';
import { TemplateDetail } from '~/features/templates/components/TemplateDetail';
import { type Deployed, templatesQuery } from '~/features/templates/queries';

/** The templates, those that nothing is missing for first. */
export function FirstAgent({ onDeployed }: { onDeployed: (deployed: Deployed) => void }) {
  const { t } = useTranslation('onboarding');
  const [slug, setSlug] = useState<string | null>(null);
  const { data, isPending, error, refetch } = useQuery(templatesQuery());
  const items = (data?.items ?? []).toSorted((a, b) => a.missing.length - b.missing.length);
  if (slug) {
    return (
      <Stack>
        <Button
          variant="subtle"
          color="gray"
          w="fit-content"
          px={6}
          leftSection={<IconChevronLeft size={16} />}
          onClick={() => setSlug(null)}
        >
          {t('others')}
        </Button>
        <TemplateDetail slug={slug} onDone={() => setSlug(null)} onDeployed={onDeployed} />
      </Stack>
    );
  }
  return (
    <ListState
      isPending={isPending}
      error={error}
      onRetry={() => void refetch()}
      isEmpty={items.length === 0}
      empty={null}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        {items.map((card) => (
          <TemplateCard key={card.slug} card={card} onLook={() => setSlug(card.slug)} />
        ))}
      </SimpleGrid>
    </ListState>
  );
}
