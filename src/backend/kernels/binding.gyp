{
  "variables": {
    "kernel_flags": ["-O3", "-std=gnu11", "-fno-math-errno", "-fno-trapping-math"]
  },
  "target_defaults": {
    "include_dirs": ["."],
    "cflags": ["<@(kernel_flags)"],
    "cflags!": ["-O2"],
    "xcode_settings": { "OTHER_CFLAGS": ["<@(kernel_flags)"] }
  },
  "targets": [
    {
      "target_name": "kernels_baseline",
      "type": "static_library",
      "sources": ["kernels.c"],
      "defines": ["LEVEL=baseline"]
    },
    {
      "target_name": "charnn",
      "sources": ["addon.c"],
      "dependencies": ["kernels_baseline"],
      "conditions": [
        ["target_arch=='x64'", { "dependencies": ["kernels_avx2", "kernels_avx512"] }]
      ]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["kernels.c"],
          "defines": ["LEVEL=avx2"],
          "cflags": ["-mavx2", "-mfma"],
          "xcode_settings": { "OTHER_CFLAGS": ["<@(kernel_flags)", "-mavx2", "-mfma"] }
        },
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["kernels.c"],
          "defines": ["LEVEL=avx512"],
          "cflags": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"],
          "xcode_settings": {
            "OTHER_CFLAGS": ["<@(kernel_flags)", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"]
          }
        }
      ]
    }]
  ]
}
