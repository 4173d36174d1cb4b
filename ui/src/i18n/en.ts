import { gathered, type Words } from './gather';

const features = import.meta.glob<Words>('../features/*/en.json', { eager: true, import: 'default' });
const forms = import.meta.glob<Words>('../forms/en.json', { eager: true, import: 'default' });
const app = import.meta.glob<Words>('../app/en.json', { eager: true, import: 'default' });

export const words = gathered({ ...features, ...forms, ...app });
