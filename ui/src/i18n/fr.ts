import { gathered, type Words } from './gather';

const features = import.meta.glob<Words>('../features/*/fr.json', { eager: true, import: 'default' });
const forms = import.meta.glob<Words>('../forms/fr.json', { eager: true, import: 'default' });
const app = import.meta.glob<Words>('../app/fr.json', { eager: true, import: 'default' });

export const words = gathered({ ...features, ...forms, ...app });
