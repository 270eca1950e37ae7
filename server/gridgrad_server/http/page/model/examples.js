/** What one may begin with: a name, and the part of a link behind #. */

export const EXAMPLES = [
  ["A damped wave, with two numbers", "f=sin(a*x)*exp(-b*y**2) + x*y/10&.x=across,-5,5,0&.y=up,-3,3,0&.a=number,0,4,1.5&.b=number,0,2,0.5"],
  ["Himmelblau's function", "f=(x**2 + y - 11)**2 + (x + y**2 - 7)**2&.x=across,-5,5,3&.y=up,-5,5,2&view=contours"],
  ["Two sources of waves", "f=sin(k*hypot(x - d, y))/(1 + hypot(x - d, y)) + sin(k*hypot(x + d, y))/(1 + hypot(x + d, y))&.x=across,-10,10,0&.y=up,-10,10,4&.k=number,0.5,6,2.5&.d=number,0,8,3"],
  ["A drum, by Bessel's function", "f=jn(2, j*hypot(x, y))*cos(2*atan2(y, x))&.x=across,-1,1,0.3&.y=up,-1,1,0.3&.j=number,1,20,8.417&view=surface"],
  ["Van der Waals: pressure by volume and temperature", "f=8*T/(3*V - 1) - 3/V**2&.V=across,0.5,4,1&.T=up,0.7,1.4,1"],
  ["Planck's law", "f=15/pi**4*x**3/(expm1(x/T)*T**4)&.x=across,0.05,12,2.8&.T=up,0.3,2,1&view=lines"],
  ["Kepler's equation, solved at each point", "f=solve(E - e*sin(E) - M, E, M)&.M=across,0,6.283185307179586,1&.e=up,0,0.95,0.5"],
  ["A spiral", "f=cos(8*atan2(y, x) + w*log(hypot(x, y)))*exp(-abs(hypot(x, y) - 2))&.x=across,-5,5,1&.y=up,-5,5,1&.w=number,-12,12,6"],
  ["Three dims, shown in slices", "f=sin(x*z) + cos(y*z) - z**2/9&.x=across,-4,4,0&.y=up,-4,4,0&.z=slice,-3,3,1.5"],
  ["One dim with four derivatives", "f=exp(-x**2)*cos(5*x)&.x=across,-3,3,0.3&order=2"],
].map(([name, hash]) => [name, `#${hash.replace(/[+%]/g, encodeURIComponent)}`]);
