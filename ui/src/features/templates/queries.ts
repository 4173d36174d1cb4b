import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';
import { language } from '~/i18n/language';

export type Card = components['schemas']['TemplateCard'];
export type Template = components['schemas']['TemplateView'];
export type Deployed = components['schemas']['DeployedView'];

export const CATEGORIES = ['Customer Support', 'Sales', 'Content', 'Dev', 'Custom'] as const;
export type Category = (typeof CATEGORIES)[number];

export const templateKeys = { all: ['templates'] as const };

export function templatesQuery(category?: Category, search?: string) {
  return queryOptions({
    queryKey: [...templateKeys.all, 'list', language(), category ?? '', search ?? ''] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/agents/templates', { params: { query: { category, search } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function templateQuery(slug: string) {
  return queryOptions({
    queryKey: [...templateKeys.all, 'detail', language(), slug] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/agents/templates/{slug}', { params: { path: { slug } }, signal })),
  });
}
