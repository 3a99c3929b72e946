/** Float32, little-endian, as the kernel sends them. */
export function wire(values: Float32Array): DataView {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => view.setFloat32(4 * index, value, true));
  return view;
}
