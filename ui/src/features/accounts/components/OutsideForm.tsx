import { Alert, Button, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { Problem } from '~/api/problem';
import { PageHeader } from '~/design/PageHeader';

interface Props {
  title: string;
  description?: ReactNode;
  submit: string;
  isPending: boolean;
  error: Error | null;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  children: ReactNode;
  foot?: ReactNode;
}

/** A form of who is not signed in; findings stand at their fields, everything else above the button. */
export function OutsideForm({
  title,
  description,
  submit,
  isPending,
  error,
  onSubmit,
  children,
  foot,
}: Props) {
  const atFields = error instanceof Problem && error.errors.length > 0;
  return (
    <form onSubmit={onSubmit} noValidate>
      <PageHeader title={title} description={description} />
      <Stack gap="sm">
        {children}
        {error && !atFields && (
          <Alert color="red" variant="light" py="xs" role="alert">
            {error.message}
          </Alert>
        )}
        <Button type="submit" loading={isPending} mt={4} fullWidth>
          {submit}
        </Button>
        {foot}
      </Stack>
    </form>
  );
}
