export function romanised(name: string): string;
