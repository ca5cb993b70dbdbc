//! The scan in the vector instructions of x86-64.
//!
//! `fearless_simd::kernel!` makes a function with the instructions of its first argument, a token that exists
//! only where the processor has them; in it they are safe to call.

use std::arch::x86_64::*;

use fearless_simd::{f32x8, f32x16, prelude::*, u8x16, u8x64};

use super::Limit;
use crate::codes::Panels;

macro_rules! avx512 {
    ($name:ident, $probes:literal) => {
        fearless_simd::kernel!(
            pub(super) fn $name(
                avx512: Avx512,
                panels: Panels<'_>,
                probes: &[[i32; $probes]],
                limits: &[Limit; $probes],
                hits: &mut [[u16; $probes]],
            ) {
                let start = limits.map(|limit| _mm512_set1_epi32(-limit.offset));
                let slopes = limits.map(|limit| _mm512_set1_ps(limit.slope));
                let bases = limits.map(|limit| _mm512_set1_ps(limit.base));
                let rows = panels.values.chunks_exact(probes.len()).zip(panels.scales).zip(panels.errors);
                for (((words, scales), errors), hits) in rows.zip(hits) {
                    let mut sums = start;
                    for (word, probes) in words.iter().zip(probes) {
                        let word: __m512i = u8x64::simd_from(avx512, word.0).into();
                        for (sum, numbers) in sums.iter_mut().zip(probes) {
                            *sum = _mm512_dpbusd_epi32(*sum, word, _mm512_set1_epi32(*numbers));
                        }
                    }
                    let scales: __m512 = f32x16::simd_from(avx512, *scales).into();
                    let errors: __m512 = f32x16::simd_from(avx512, *errors).into();
                    for probe in 0..$probes {
                        let room = _mm512_fmadd_ps(errors, slopes[probe], bases[probe]);
                        let room = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[probe]), scales, room);
                        hits[probe] = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(room, _mm512_setzero_ps());
                    }
                }
            }
        );
    };
}

avx512!(avx512_one, 1);
avx512!(avx512_eight, 8);

macro_rules! avx2 {
    ($name:ident, $probes:literal) => {
        fearless_simd::kernel!(
            pub(super) fn $name(
                avx2: Avx2,
                panels: Panels<'_>,
                probes: &[[i64; $probes]],
                limits: &[Limit; $probes],
                hits: &mut [[u16; $probes]],
            ) {
                let rows = panels.values.chunks_exact(probes.len()).zip(panels.scales).zip(panels.errors);
                for (((words, scales), errors), hits) in rows.zip(hits) {
                    // Each quarter: four rows, two sums a row.
                    let mut sums = [[_mm256_setzero_si256(); 4]; $probes];
                    for quarter in 0..4 {
                        let mut parts = [_mm256_setzero_si256(); $probes];
                        for (word, probes) in words.iter().zip(probes) {
                            let bytes = word.0.as_chunks::<16>().0[quarter];
                            let numbers = _mm256_cvtepu8_epi16(u8x16::simd_from(avx2, bytes).into());
                            for (part, probe) in parts.iter_mut().zip(probes) {
                                let products = _mm256_madd_epi16(numbers, _mm256_set1_epi64x(*probe));
                                *part = _mm256_add_epi32(*part, products);
                            }
                        }
                        for (sums, part) in sums.iter_mut().zip(parts) {
                            sums[quarter] = part;
                        }
                    }
                    *hits = [0; $probes];
                    for half in 0..2 {
                        let scales: __m256 = f32x8::simd_from(avx2, scales.as_chunks().0[half]).into();
                        let errors: __m256 = f32x8::simd_from(avx2, errors.as_chunks().0[half]).into();
                        for (probe, limit) in limits.iter().enumerate() {
                            let [first, second] = sums[probe].as_chunks().0[half];
                            // Rows 0 1 4 5 2 3 6 7 after the sum, put in order by the permutation.
                            let sum =
                                _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(first, second));
                            let sum = _mm256_sub_epi32(sum, _mm256_set1_epi32(limit.offset));
                            let room = _mm256_fmadd_ps(
                                errors,
                                _mm256_set1_ps(limit.slope),
                                _mm256_set1_ps(limit.base),
                            );
                            let room = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scales, room);
                            let reached = _mm256_cmp_ps::<_CMP_GE_OQ>(room, _mm256_setzero_ps());
                            hits[probe] |= (_mm256_movemask_ps(reached) as u16) << (8 * half);
                        }
                    }
                }
            }
        );
    };
}

avx2!(avx2_one, 1);
avx2!(avx2_eight, 8);
