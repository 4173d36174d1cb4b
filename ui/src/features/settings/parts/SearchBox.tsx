import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';

const route = getRouteApi('/inside/settings');
const TYPING_MS = 250;

/** A search that stands in the address. */
export function SearchBox({ label }: { label: string }) {
  const { search } = route.useSearch();
  const navigate = route.useNavigate();
  const later = useDebouncedCallback(
    (next: string) =>
      void navigate({ search: (before) => ({ ...before, search: next || undefined }), replace: true }),
    TYPING_MS,
  );
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={15} aria-hidden />}
      defaultValue={search ?? ''}
      onChange={(event) => later(event.currentTarget.value)}
      w={{ base: '100%', xs: 300 }}
      mb="sm"
    />
  );
}
