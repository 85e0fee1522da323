declare module "vt-pbf" {
  export function fromGeojsonVt(layers: Record<string, { features: object[] }>, options: object): Uint8Array;
}
