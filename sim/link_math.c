// SPDX-License-Identifier: Apache-2.0
#include "sim/link_math.h"

#include <math.h>
#include <stddef.h>

#define LN_2      0.69314718055994530942
#define SQRT_HALF 0.70710678118654752440
#define SQRT_2PI  2.50662827463100050242

double sim_ln(double x)
{
    int exponent;
    double m = frexp(x, &exponent); /* exact */
    if (m < SQRT_HALF) {
        m *= 2;
        exponent--;
    }
    /* ln m = 2 artanh((m - 1) / (m + 1)), whose argument is below 0.172 */
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * square + 1.0 / k;
    return 2 * s * sum + exponent * LN_2;
}

double sim_exp(double x)
{
    int k = (int)(x / LN_2 + (x < 0 ? -0.5 : 0.5));
    double r = x - k * LN_2, sum = 1;
    for (int i = 16; i >= 1; i--)
        sum = 1 + sum * r / i;
    return ldexp(sum, k); /* exact */
}

static double polynomial(const double *coefficient, size_t count, double x)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = sum * x + coefficient[i];
    return sum;
}

double sim_normal_quantile(double u)
{
    static const double A[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                               1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    static const double B[] = {-5.447609879822406e+01, 1.615858368580409e+02,  -1.556989798598866e+02,
                               6.680131188771972e+01,  -1.328068155288572e+01, 1};
    static const double C[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                               -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    static const double D[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00, 1};
    const double tail = 0.02425;
    if (u >= tail && u <= 1 - tail) {
        double q = u - 0.5, r = q * q;
        return q * polynomial(A, 6, r) / polynomial(B, 6, r);
    }
    double q = sqrt(-2 * sim_ln(u < tail ? u : 1 - u));
    double x = polynomial(C, 6, q) / polynomial(D, 5, q);
    return u < tail ? x : -x;
}

double sim_normal_share(double z)
{
    static const double P[] = {1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.319381530, 0};
    double x = z < 0 ? -z : z, t = 1 / (1 + 0.2316419 * x);
    double above = x > 37 ? 0 : sim_exp(-x * x / 2) / SQRT_2PI * polynomial(P, 6, t);
    return z < 0 ? above : 1 - above;
}
