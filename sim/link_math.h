// SPDX-License-Identifier: Apache-2.0
/*
 * Functions of the delay laws that give the same bits on every machine: made of + - * / and sqrt alone, which
 * IEEE 754 rounds in one way, while libm's exp and log differ from one C library to the next.
 *
 * Law: relative errors are below 1e-13 (ln, exp) and 2e-9 (the normal quantile), the normal share's absolute
 * error below 1e-7. Does not: serve arguments that the delay laws never have (infinities, NaN).
 */
#ifndef WZP_SIM_LINK_MATH_H
#define WZP_SIM_LINK_MATH_H

double sim_ln(double x);              /* x > 0 */
double sim_exp(double x);             /* -700 <= x <= 700 */
double sim_normal_quantile(double u); /* 0 < u < 1; Acklam 2003 */
double sim_normal_share(double z);    /* of a normal variable below z; Abramowitz and Stegun 26.2.17 */

#endif
