import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';
import { CATEGORIES, type Category } from './queries';

export interface TemplatesSearch {
  category?: Category;
  search?: string;
  /** The one that is looked at. */
  template?: string;
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

export function validateSearch(search: Record<string, unknown>): TemplatesSearch {
  return {
    category: CATEGORIES.find((each) => each === search.category),
    search: text(search.search),
    template: text(search.template),
  };
}

export const templateRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/admin/marketplace',
    validateSearch,
    component: lazyRouteComponent(() => import('./pages/MarketplacePage'), 'MarketplacePage'),
  }),
];
